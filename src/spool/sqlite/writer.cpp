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

namespace waypost::spool::sqlite {
namespace {

// How long a failed commit of changes rests before it is tried again, if nothing else comes.
constexpr std::chrono::seconds pause_after_failure{1};
// How often a queue that is full looks for room because a client asked.
constexpr std::chrono::seconds between_searches{1};

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

errc reason_of(const std::exception& error) {
    const auto* sqlite = dynamic_cast<const SQLite::Exception*>(&error);
    return sqlite != nullptr && sqlite->getErrorCode() == SQLITE_FULL ? errc::full : errc::unavailable;
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
      space_(room, db, warn),
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
    space_.hold_reserve();
    remove_unneeded_files();
    while (wait_for_work(work)) {
        space_.admit(work);
        commit_all(work);
        answer_all(work);
        resume_all(std::exchange(work, {}));
        // What follows keeps only the next batch waiting, not those who were in this one.
        remove_unneeded_files();
        db_.log().checkpoint_if_due();
        space_.look(failing_);
    }
    retry_kept();
}

bool writer::has_room(std::uint64_t octets) {
    if (space_.fits(octets)) return true;
    ask_for_room();
    return false;
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

bool writer::wait_for_work(batch& batch) {
    std::unique_lock held(inbox_->mutex);
    const auto is_ready = [this] { return inbox_->closing || inbox_->lacks_room || !inbox_->waiting.empty(); };
    if (handovers_.empty())
        inbox_->woken.wait(held, is_ready);
    else
        inbox_->woken.wait_for(held, pause_after_failure, is_ready);
    std::swap(batch, inbox_->waiting);
    if (std::exchange(inbox_->lacks_room, false)) space_.note_refusal();
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
    space_.give_all();
    retry_kept();
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

}  // namespace waypost::spool::sqlite
