#include "sqlite_store.hpp"

#include <sqlite3.h>

#include <stdexcept>

#include "database.hpp"
#include "file_system.hpp"
#include "message_ids.hpp"
#include "orphan_cleanup.hpp"
#include "readers.hpp"
#include "schema.hpp"
#include "waypost/spool/volume.hpp"
#include "writer.hpp"

namespace waypost::spool::sqlite {
namespace {

using schema::page_size;

bool is_for_want_of_room(const std::exception& error) {
    int code = 0;
    if (const auto* refused = dynamic_cast<const schema::cannot_open*>(&error)) code = refused->code;
    if (const auto* failed = dynamic_cast<const SQLite::Exception*>(&error)) code = failed->getErrorCode();
    constexpr int without_details = 0xff;
    code &= without_details;
    // A file that could not be made is CANTOPEN, and one that could not grow may be IOERR.
    return code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
}

/// On a volume that is full to the last block the reserve is what lets the queue open, and so get smaller.
database open_database(const std::string& directory, const warning_sink& warn, volume& room) {
    const int pages_per_checkpoint = static_cast<int>(room.longest_log() / page_size);
    try {
        return {directory, warn, pages_per_checkpoint};
    } catch (const std::exception& error) {
        if (!is_for_want_of_room(error) || !room.give_up()) throw;
        warn(std::string("the reserve is given up, for the queue cannot be opened: ") + error.what());
    }
    return {directory, warn, pages_per_checkpoint};
}

std::string body_directory(const settings& settings) { return settings.directory + "/body"; }

/// A question to the tables, and its answer.
template <class Ask>
class asked final : public question {
public:
    using answer_type = std::invoke_result_t<Ask&, database&>;

    asked(Ask question, const warning_sink& warn) : question_(std::move(question)), warn_(warn) {}

    void ask(database& database) override {
        try {
            answer_ = question_(database);
        } catch (const SQLite::Exception& error) {
            warn_(std::string("the queue cannot be read: ") + error.what());
        }
    }
    void fail(errc error) override { answer_ = error; }
    [[nodiscard]] base::result<answer_type> take() { return std::move(answer_); }

private:
    Ask question_;
    const warning_sink& warn_;
    base::result<answer_type> answer_ = errc::unavailable;
};

}  // namespace

struct sqlite_store::parts {
    parts(const async::executor& loop, async::thread_pool& workers, settings place, warning_sink sink)
        : settings(std::move(place)),
          warn(std::move(sink)),
          io(workers),
          bodies(make_directories(settings, warn)),
          lock(settings.directory),
          room(std::make_shared<volume>(settings.directory, settings.reserve)),
          db(open_database(settings.directory, warn, *room)),
          ids(db.highest_id()),
          read_back(std::make_shared<readers>(settings.directory, io)),
          first_new(ids.next(settings.wall())),
          cleaning(settings.directory, first_new, warn),
          thread(db, *room, loop, io, bodies, warn) {}

    static std::string make_directories(const settings& settings, const warning_sink& warn) {
        file_system::make_queue_directory(settings.directory, warn);
        file_system::make_private_directory(body_directory(settings));
        return body_directory(settings);
    }

    template <class Ask>
    async::awaitable<base::result<std::invoke_result_t<Ask&, database&>>> answer(Ask question) {
        asked<Ask> one(std::move(question), warn);
        co_await thread.answer(one);
        co_return one.take();
    }

    spool::settings settings;
    warning_sink warn;
    async::thread_pool& io;
    std::string bodies;
    file_system::lock lock;
    std::shared_ptr<volume> room;
    database db;  // the writer thread's from its start to its end
    message_ids ids;
    std::shared_ptr<readers> read_back;
    message_id first_new;
    orphan_cleanup cleaning;
    writer thread;
};

sqlite_store::sqlite_store(const async::executor& loop, async::thread_pool& io, settings settings, warning_sink warn)
    : parts_(std::make_unique<parts>(loop, io, std::move(settings), std::move(warn))) {}

sqlite_store::~sqlite_store() = default;

const std::string& sqlite_store::name() const noexcept { return parts_->db.name(); }

message_id sqlite_store::first_new_id() const noexcept { return parts_->first_new; }

message_id sqlite_store::next_message_id() { return parts_->ids.next(parts_->settings.wall()); }

bool sqlite_store::has_room(std::uint64_t octets) const { return parts_->thread.has_room(octets); }

std::shared_ptr<content> sqlite_store::new_content(message_id id) {
    return std::make_shared<content>(parts_->bodies, to_string(id), parts_->io, parts_->room);
}

async::awaitable<base::result<>> sqlite_store::insert(const queued_message& entry) {
    insertion one{entry, {}};
    co_await parts_->thread.commit(one);
    if (one.failed) co_return one.failed;
    co_return base::result<>();
}

void sqlite_store::apply(change change) {
    std::visit([this](auto& entry) { parts_->thread.hand_over(std::move(entry)); }, change);
}

void sqlite_store::correct_times(async::wall_time now, async::wall_time latest) {
    parts_->thread.hand_over(corrected_times{now, latest});
}

async::awaitable<base::result<std::vector<next_hop>>> sqlite_store::hops_due(async::wall_time now) {
    return parts_->answer([now](database& database) { return database.hops_due(now); });
}

async::awaitable<base::result<std::vector<next_hop>>> sqlite_store::hops_due_since(async::wall_time start,
                                                                                   async::wall_time now) {
    return parts_->answer([start, now](database& database) { return database.hops_due_since(start, now); });
}

async::awaitable<base::result<std::vector<queued_message>>> sqlite_store::due(next_hop hop, async::wall_time now,
                                                                              std::size_t limit,
                                                                              std::vector<envelope_id> known_ids) {
    auto ask = [hop = std::move(hop), now, limit, known = std::move(known_ids)](database& database) {
        return database.due(hop, now, limit, known);
    };
    return parts_->answer(std::move(ask));
}

async::awaitable<base::result<std::optional<async::wall_time>>> sqlite_store::next_due(async::wall_time now) {
    return parts_->answer([now](database& database) { return database.next_due(now); });
}

async::awaitable<base::result<std::shared_ptr<const content>>> sqlite_store::load(message_id id) {
    auto read = [from = parts_->read_back, id] { return from->load(id); };
    co_return co_await async::offload(parts_->io, std::move(read));
}

async::awaitable<base::result<std::uint64_t>> sqlite_store::count() {
    return parts_->answer([](database& database) { return database.count(); });
}

}  // namespace waypost::spool::sqlite

namespace waypost::spool {

open_queue make_store(const async::executor& loop, async::thread_pool& io, settings settings, warning_sink warn) {
    auto made = std::make_unique<sqlite::sqlite_store>(loop, io, std::move(settings), std::move(warn));
    std::string name = made->name();
    const message_id first_new = made->first_new_id();
    return {.store = std::move(made), .name = std::move(name), .first_new_id = first_new};
}

}  // namespace waypost::spool
