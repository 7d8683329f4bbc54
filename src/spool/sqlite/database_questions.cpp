// What the store is asked: the rows that are due, each checked before it is believed.
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <unordered_map>

#include "bound_statement.hpp"
#include "database.hpp"
#include "statements.hpp"

namespace waypost::spool::sqlite {
namespace {

/// Statements that only read, under one lock and about one moment: by itself each would take and give back the file's
/// locks, which is half of its cost.
class read_transaction {
public:
    read_transaction(SQLite::Statement& begin, SQLite::Statement& end) : end_(end) { bound_statement(begin).run(); }
    ~read_transaction() {
        // Ends the transaction even if the step says that a statement of it failed.
        end_.tryReset();
        end_.tryExecuteStep();
        end_.tryReset();
    }
    read_transaction(const read_transaction&) = delete;
    read_transaction& operator=(const read_transaction&) = delete;

private:
    SQLite::Statement& end_;
};

}  // namespace

// One step of the index from hop to hop, however many envelopes each has.
std::vector<next_hop> database::hops_due(async::wall_time now) {
    const read_transaction held(sql_->begin_reading, sql_->commit);
    std::vector<next_hop> found;
    std::optional<next_hop> at;
    for (;;) {
        bound_statement step(at ? sql_->next_hop : sql_->first_hop);
        if (at) step << at->action << at->domain;
        if (!step.next()) return found;
        next_hop hop{step.text(0), step.text(1)};
        bound_statement question(sql_->hop_is_due);
        question << hop.action << hop.domain << rows::from_time(now);
        if (question.next() && question.number(0) != 0) found.push_back(hop);
        at = std::move(hop);
    }
}

std::vector<next_hop> database::hops_due_since(async::wall_time start, async::wall_time now) {
    std::vector<next_hop> found;
    bound_statement row(sql_->hops_due_since);
    row << rows::from_time(start) << rows::from_time(now);
    while (row.next()) found.push_back({row.text(0), row.text(1)});
    return found;
}

std::vector<std::int64_t> database::ids_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                            const std::vector<envelope_id>& known_ids) {
    // The index alone answers this, so passing over those that are known costs little.
    const auto excluded = [&](std::int64_t id) {
        return std::ranges::binary_search(known_ids, envelope_id(static_cast<std::uint64_t>(id))) ||
               unreadable_.contains(id);
    };
    return sql_->ids_due.next(hop, rows::from_time(now), limit, excluded);
}

std::vector<queued_message> database::due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                          std::vector<envelope_id> known_ids) {
    std::ranges::sort(known_ids);
    for (;;) {
        found_due found = look_for_due(hop, now, limit, known_ids);
        if (found.damaged.empty()) return std::move(found.whole);
        // Again from the beginning: fewer than `limit` means to the asker that there are no more.
        set_aside(found.damaged);
    }
}

database::found_due database::look_for_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                           const std::vector<envelope_id>& known_ids) {
    const read_transaction held(sql_->begin_reading, sql_->commit);
    found_due found;
    struct seen {
        std::size_t place = 0;
        std::string reason;
    };
    std::unordered_map<message_id, seen> messages;
    for (const std::int64_t id : ids_due(hop, now, limit, known_ids)) {
        auto row = read_envelope(id);
        if (!row.value) {
            found.damaged.push_back({id, std::string(row.reason)});
            continue;
        }
        const message_id about = message_of(row.value->id);
        auto [at, is_new] = messages.try_emplace(about);
        if (is_new) {
            auto whole = read_message(about);
            at->second = {found.whole.size(), std::string(whole.reason)};
            if (whole.value) found.whole.push_back({std::make_shared<const message>(*std::move(whole.value)), {}});
        }
        if (at->second.reason.empty())
            found.whole[at->second.place].envelopes.push_back(*std::move(row.value));
        else
            found.damaged.push_back({id, at->second.reason});
    }
    return found;
}

rows::validated<envelope> database::read_envelope(std::int64_t id) {
    try {
        bound_statement row(sql_->read_envelope);
        row << id;
        if (!row.next()) return {std::nullopt, "an index names a row that is not there"};
        return rows::to_envelope({.id = id,
                                  .action = row.text(0),
                                  .domain = row.text(1),
                                  .forward_path = row.text(5),
                                  .original = row.text(6),
                                  .user = row.text(7),
                                  .extension = row.text(8),
                                  .target = row.text(9),
                                  .notify = row.text(10),
                                  .orcpt = row.text(11),
                                  .last = row.text(12),
                                  .expires = row.number(2),
                                  .tries = row.number(3),
                                  .warnings = row.number(4)});
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() != SQLITE_CORRUPT) throw;
        return {std::nullopt, "the page of the row is damaged"};
    }
}

rows::validated<message> database::read_message(message_id id) {
    try {
        bound_statement row(sql_->read_message);
        row << rows::from_id(id);
        if (!row.next()) return {std::nullopt, "its message is not there"};
        rows::message_columns columns{.id = rows::from_id(id),
                                      .arrived = row.number(0),
                                      .body_8bitmime = row.number(2),
                                      .has_8bit = row.number(3),
                                      .size = row.number(6),
                                      .reverse_path = row.text(1),
                                      .ret = row.text(4),
                                      .envid = row.text(5),
                                      .file = std::nullopt};
        if (!row.is_null(7)) columns.file = row.text(7);
        const bool in_file = columns.file.has_value();
        auto read = rows::to_message(std::move(columns));
        struct stat about{};
        if (read.value && in_file && ::stat((body_directory_ + '/' + to_string(id)).c_str(), &about) != 0 &&
            errno == ENOENT)
            return {std::nullopt, "its body file is not there"};
        return read;
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() != SQLITE_CORRUPT) throw;
        return {std::nullopt, "the page of its message is damaged"};
    }
}

void database::set_aside(const std::vector<suspect>& damaged) {
    const std::int64_t at = rows::from_time(std::chrono::system_clock::now());
    for (const suspect& each : damaged) {
        bool moved = false;
        try {
            begin();
            bound_statement copy(sql_->set_aside);
            copy << each.id << each.reason << at;
            copy.run();
            bound_statement gone(sql_->delete_envelope);
            gone << each.id;
            gone.run();
            moved = db_.getChanges() > 0;
            now_.envelopes -= db_.getChanges();
            commit();
        } catch (const SQLite::Exception&) {
            roll_back();
            moved = false;
        }
        if (!moved) unreadable_.insert(each.id);
        warn_("envelope " + base::hex(static_cast<std::uint64_t>(each.id)) + " is damaged: " + each.reason +
              (moved ? "; it was moved to the table `damaged`" : "; it is passed over"));
    }
}

std::optional<async::wall_time> database::next_due(async::wall_time now) {
    bound_statement row(sql_->next_due);
    row << rows::from_time(now);
    if (!row.next()) return std::nullopt;
    // A time that is out of range is looked at when it is the only one left, if ever.
    return rows::to_time(row.number(0));
}

std::uint64_t database::count() {
    if (!count_) {
        bound_statement row(sql_->count);
        row.next();
        count_ = row.number(0);
    }
    return static_cast<std::uint64_t>(*count_);
}

}  // namespace waypost::spool::sqlite
