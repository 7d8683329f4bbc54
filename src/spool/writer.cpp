#include "writer.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <stdexcept>

#include "file_system.hpp"
#include "waypost/base/overloaded.hpp"

namespace waypost::spool {
namespace {

// How long a failed commit of changes rests before it is tried again, if nothing else comes.
constexpr std::chrono::seconds pause_after_failure{1};
// How often a queue that is full looks for room because a client asked.
constexpr std::chrono::seconds between_searches{1};
// There must be more room by this part of the reserve before it is said that there is room again.
constexpr std::uint64_t part_for_good_news = 16;

/// Whether a statement failed because of what it was to do, so that others may succeed; otherwise nothing can be
/// written now.
bool is_its_own_fault(const std::exception& error) {
    const auto* sqlite = dynamic_cast<const SQLite::Exception*>(&error);
    if (sqlite == nullptr) return false;
    switch (sqlite->getErrorCode()) {
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
        case SQLITE_RANGE:
        case SQLITE_CORRUPT: return true;
        default: return false;
    }
}

/// What a message takes in the database: its row and its text, and the rows of its envelopes with their indexes.
std::uint64_t octets_of(const queued_message& entry) {
    constexpr std::uint64_t row = 8192;
    constexpr std::uint64_t envelope = 1024;
    const content& text = *entry.message->text;
    return row + envelope * entry.envelopes.size() + (text.in_file() ? 0 : text.size());
}

errc reason_of(const std::exception& error) {
    const auto* sqlite = dynamic_cast<const SQLite::Exception*>(&error);
    return sqlite != nullptr && sqlite->getErrorCode() == SQLITE_FULL ? errc::full : errc::unavailable;
}

insertion* insertion_in(const write& write) {
    const auto* found = std::get_if<insertion*>(&write);
    return found == nullptr ? nullptr : *found;
}

/// No id for what is not about one envelope.
std::optional<envelope_id> id_of(const update& handover) {
    if (const auto* done = std::get_if<remove>(&handover)) return done->id;
    if (const auto* later = std::get_if<defer>(&handover)) return later->id;
    return std::nullopt;
}

}  // namespace

writer::writer(database& db, volume& room, const async::executor& loop, async::thread_pool& io, std::string directory,
               warning_sink warn)
    : db_(db),
      volume_(room),
      loop_(loop),
      io_(io),
      body_directory_(std::move(directory)),
      warn_(std::move(warn)),
      thread_([this] { run(); }) {}

writer::~writer() {
    {
        const std::lock_guard held(inbox_->mutex);
        inbox_->closing = true;
    }
    inbox_->woken.notify_one();
    thread_.join();
}

void writer::add_with_waiter(auto put) {
    bool may_sleep = false;
    {
        const std::lock_guard held(inbox_->mutex);
        may_sleep = !inbox_->waiting.has_waiters();
        put(inbox_->waiting);
    }
    if (may_sleep) inbox_->woken.notify_one();
}

template <class Item>
async::awaitable<> writer::enqueue(std::vector<Item> batch::* list, Item item,
                                   std::vector<std::unique_ptr<waiter>> batch::* waiters) {
    auto start = [this, list, waiters, what = std::move(item)](auto handler) mutable {
        auto waiting = std::make_unique<waiting_handler<decltype(handler)>>(std::move(handler));
        this->add_with_waiter([&](batch& batch) {
            (batch.*list).push_back(std::move(what));
            (batch.*waiters).push_back(std::move(waiting));
        });
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(std::move(start),
                                                                                       boost::asio::use_awaitable);
}
template async::awaitable<> writer::enqueue(std::vector<write> batch::*, write,
                                            std::vector<std::unique_ptr<waiter>> batch::*);
template async::awaitable<> writer::enqueue(std::vector<question*> batch::*, question*,
                                            std::vector<std::unique_ptr<waiter>> batch::*);

// Nobody waits for a change, so it wakes the thread only when the handlers that are ready have run: some of them
// insert, and that goes into the same commit. (With 100 sessions 24,500 messages a second instead of 22,500; with 20
// the same.)
void writer::hand_over(update handover) {
    bool may_sleep = false;
    {
        const std::lock_guard held(inbox_->mutex);
        may_sleep = inbox_->waiting.empty();
        inbox_->waiting.writes.emplace_back(std::move(handover));
    }
    if (may_sleep) boost::asio::post(loop_, [to = inbox_] { to->woken.notify_one(); });
}

void writer::run() {
    batch work;
    volume_.hold();
    remove_unneeded_files();
    while (wait_for_work(work)) {
        admit(work);
        commit_all(work);
        answer_all(work);
        resume_all(std::exchange(work, {}));
        // What follows keeps only the next batch waiting, not those who were in this one.
        remove_unneeded_files();
        db_.checkpoint_if_due();
        look_at_room();
    }
    retry_kept();
}

bool writer::has_room(std::uint64_t octets) {
    if (fits(octets)) return true;
    ask_for_room();
    return false;
}

// On the loop's thread, so it goes by what the writer saw last of the database.
bool writer::fits(std::uint64_t octets) {
    if (volume_.reserve() == 0) return true;
    if (octets > content::memory_limit) return volume_.admits(octets);
    return is_room_left(volume_.recently_free(), 2 * octets);
}

bool writer::is_room_left(std::uint64_t free, std::uint64_t beyond_reserve) const {
    const std::uint64_t needed = volume_.reserve() + beyond_reserve;
    return free >= needed || free + spare_ >= needed;
}

void writer::ask_for_room() {
    const auto now = std::chrono::steady_clock::now();
    if (now - asked_for_room_ < between_searches) return;
    asked_for_room_ = now;
    {
        const std::lock_guard held(inbox_->mutex);
        inbox_->lacks_room = true;
    }
    inbox_->woken.notify_one();
}

/// Refuses the insertions that would use room which changes need, before anything is written.
void writer::admit(const batch& work) {
    const std::uint64_t free = volume_.free();
    std::uint64_t sum = 0;
    std::optional<database::spare_room> spare;
    for (const write& each : work.writes) {
        insertion* one = insertion_in(each);
        if (one == nullptr || volume_.reserve() == 0) continue;
        const std::uint64_t octets = sum + octets_of(one->entry);
        // A message is written twice, to the log and to the database. Reports get what other mail does not: without
        // them mail that has failed could not end.
        const std::uint64_t kept =
            one->entry.message->sender.address.is_null() ? volume_.reserve() / 2 : volume_.reserve();
        bool fits = free >= kept + 2 * octets;
        if (!fits) {
            if (!spare) spare = db_.spare();
            const std::uint64_t for_log = free + spare->in_log;
            fits = for_log >= kept / 2 + octets && for_log + spare->in_database >= kept + 2 * octets;
        }
        if (fits) {
            sum = octets;
        } else {
            one->failed = errc::full;
            lacks_room_ = true;
        }
    }
}

void writer::look_at_room() {
    const std::uint64_t reserve = volume_.reserve();
    std::uint64_t free = volume_.free();
    look_at_spare(free);
    if (reserve == 0) return;
    if (std::exchange(lacks_room_, false) || !is_room_left(free, 0)) {
        // The log holds what has ended, too: its pages are nobody's until they are in the database.
        if (db_.spare().log_size > 0) db_.empty_log();
        free = volume_.free();
        look_at_spare(free);
    }
    if (!volume_.is_held() && !failing_) volume_.hold();
    const std::uint64_t for_good_news = is_full_ ? reserve / part_for_good_news : 0;
    const bool was_full = std::exchange(is_full_, !is_room_left(free, for_good_news));
    if (is_full_ == was_full) return;
    warn_(is_full_ ? "less than " + std::to_string(reserve >> 10) + " KiB of the volume are free: new mail is refused"
                   : std::string("there is room for new mail again"));
}

void writer::look_at_spare(std::uint64_t free) {
    const bool is_short = free < 2 * volume_.reserve();
    db_.shrink_if_easy(is_short);
    database::spare_room spare;
    if (is_short) spare = db_.spare();
    spare_ = spare.in_database + spare.in_log;
}

bool writer::wait_for_work(batch& batch) {
    std::unique_lock held(inbox_->mutex);
    const auto is_ready = [this] { return inbox_->closing || inbox_->lacks_room || !inbox_->waiting.empty(); };
    if (handovers_.empty())
        inbox_->woken.wait(held, is_ready);
    else
        inbox_->woken.wait_for(held, pause_after_failure, is_ready);
    std::swap(batch, inbox_->waiting);
    lacks_room_ = std::exchange(inbox_->lacks_room, false) || lacks_room_;
    return !inbox_->closing || !batch.empty();
}

void writer::commit_all(const batch& work) {
    if (work.writes.empty() && handovers_.empty()) return;
    try {
        commit_together(work);
        return committed(work);
    } catch (const std::exception& error) {
        db_.roll_back();
        if (!is_its_own_fault(error)) return refuse(work, error);
    }
    try {
        commit_each_alone(work);
        committed(work);
    } catch (const std::exception& error) {
        db_.roll_back();
        refuse(work, error);
    }
}

void writer::commit_together(const batch& work) {
    sync_body_directory(work);
    db_.begin();
    for (const update& each : handovers_) db_.apply(each);
    for (const std::string& each : to_forget_) db_.forget_removal(each);
    for (const write& each : work.writes) {
        std::visit(base::overloaded{[&](insertion* insertion) {
                                        if (!insertion->failed) db_.insert(insertion->entry);
                                    },
                                    [&](const update& handover) { db_.apply(handover); }},
                   each);
    }
    db_.commit();
}

void writer::commit_each_alone(const batch& work) {
    db_.begin();
    for (const update& each : handovers_) apply_alone(each);
    for (const std::string& each : to_forget_) db_.forget_removal(each);
    for (const write& each : work.writes) {
        std::visit(base::overloaded{[&](insertion* insertion) { insert_alone(*insertion); },
                                    [&](const update& handover) { apply_alone(handover); }},
                   each);
    }
    db_.commit();
}

void writer::insert_alone(insertion& insertion) {
    if (insertion.failed) return;
    db_.begin_one();
    try {
        db_.insert(insertion.entry);
    } catch (const std::exception& error) {
        if (!is_its_own_fault(error)) throw;
        db_.undo_one();
        insertion.failed = errc::unavailable;
        warn_("message " + to_string(insertion.entry.message->id) + " cannot be kept: " + error.what());
        return;
    }
    db_.keep_one();
}

void writer::apply_alone(const update& handover) {
    db_.begin_one();
    try {
        db_.apply(handover);
    } catch (const std::exception& error) {
        if (!is_its_own_fault(error)) throw;
        db_.undo_one();
        const auto id = id_of(handover);
        warn_((id ? "envelope " + to_string(*id) : std::string("the queue")) + " cannot be changed: " + error.what());
        // To offer it again and again would be worse than not to offer it: it may have been delivered.
        if (id) db_.pass_over(*id);
        return;
    }
    db_.keep_one();
}

void writer::committed(const batch& work) {
    handovers_.clear();
    to_forget_.clear();
    for (const write& each : work.writes) {
        const insertion* one = insertion_in(each);
        if (one != nullptr && !one->failed) one->entry.message->text->keep_file();
    }
    if (std::exchange(failing_, false)) warn_("the queue can be written again");
}

// Nobody waits for changes, so nobody would repeat them: they stay with us. Most of them make room, so they are tried
// at once without the messages that did not fit.
void writer::refuse(const batch& work, const std::exception& error) {
    failing(error.what());
    for (const write& each : work.writes) {
        std::visit(base::overloaded{[&](insertion* insertion) {
                                        if (!insertion->failed) insertion->failed = reason_of(error);
                                    },
                                    [&](const update& handover) { handovers_.push_back(handover); }},
                   each);
    }
    make_room();
    retry_kept();
}

// What the disk lacks may be ours to give: the reserve, and what the log holds.
void writer::make_room() {
    volume_.give_up();
    db_.empty_log();
}

void writer::retry_kept() {
    if (handovers_.empty()) return;
    try {
        db_.begin();
        for (const update& each : handovers_) apply_alone(each);
        db_.commit();
        handovers_.clear();
    } catch (const std::exception& error) {
        db_.roll_back();
        failing(error.what());
    }
}

void writer::failing(const std::string& reason) {
    if (!std::exchange(failing_, true)) warn_("the queue cannot be written: " + reason);
}

void writer::sync_body_directory(const batch& work) {
    const bool has_files = std::ranges::any_of(work.writes, [](const write& write) {
        const insertion* one = insertion_in(write);
        return one != nullptr && one->entry.message->text->in_file();
    });
    if (!has_files) return;
    std::vector<std::string> removed;
    {
        const std::lock_guard held(removed_->mutex);
        removed.swap(removed_->names);
    }
    file_system::sync_directory(body_directory_);
    to_forget_.insert(to_forget_.end(), removed.begin(), removed.end());
}

void writer::answer_all(const batch& work) {
    for (question* each : work.questions) {
        // As long as changes are kept back, the tables do not say what they should.
        if (!handovers_.empty())
            each->fail(errc::unavailable);
        else
            each->ask(db_);
    }
}

void writer::resume_all(batch work) {
    if (!work.has_waiters()) return;
    boost::asio::post(loop_, [done = std::move(work)] {
        for (const auto& each : done.inserters) each->resume();
        for (const auto& each : done.askers) each->resume();
    });
}

void writer::remove_unneeded_files() {
    std::vector<std::string> names = db_.take_unneeded_files();
    if (names.empty()) return;
    // Freeing the blocks of a long file takes its time: not on this thread. What a crash leaves is removed at the next
    // start.
    boost::asio::post(io_.pool(), [before = body_directory_ + '/', names = std::move(names), removed = removed_] {
        for (const std::string& name : names) {
            if (::unlink((before + name).c_str()) != 0 && errno != ENOENT) continue;
            const std::lock_guard held(removed->mutex);
            removed->names.push_back(name);
        }
    });
}

}  // namespace waypost::spool
