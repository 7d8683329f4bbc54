#include "writer.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <stdexcept>

#include "file_system.hpp"
#include "waypost/base/overloaded.hpp"

namespace waypost::spool {
namespace {

// How long a failed commit of changes rests before it is tried again, if nothing else comes.
constexpr std::chrono::seconds pause_after_failure{1};

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

insertion* insertion_in(const write& what) {
    const auto* found = std::get_if<insertion*>(&what);
    return found == nullptr ? nullptr : *found;
}

/// No id for what is not about one envelope.
std::optional<envelope_id> id_of(const handed_over& what) {
    if (const auto* done = std::get_if<finished>(&what)) return done->id;
    if (const auto* later = std::get_if<postponed>(&what)) return later->id;
    return std::nullopt;
}

}  // namespace

writer::writer(database& db, const async::executor& loop, async::workers& io, std::string directory, warning_sink warn)
    : db_(db), loop_(loop), io_(io), body_directory_(std::move(directory)), warn_(std::move(warn)), thread_([this] {
          run();
      }) {}

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
async::awaitable<> writer::enqueue(std::vector<Item> batch::* list, Item what,
                                   std::vector<std::unique_ptr<waiter>> batch::* waiters) {
    auto start = [this, list, waiters, what = std::move(what)](auto handler) mutable {
        auto waiting = std::make_unique<waiting_handler<decltype(handler)>>(std::move(handler));
        this->add_with_waiter([&](batch& into) {
            (into.*list).push_back(std::move(what));
            (into.*waiters).push_back(std::move(waiting));
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
void writer::hand_over(handed_over what) {
    bool may_sleep = false;
    {
        const std::lock_guard held(inbox_->mutex);
        may_sleep = inbox_->waiting.empty();
        inbox_->waiting.writes.emplace_back(std::move(what));
    }
    if (may_sleep) boost::asio::post(loop_, [to = inbox_] { to->woken.notify_one(); });
}

void writer::run() {
    batch work;
    while (wait_for_work(work)) {
        commit_all(work);
        answer_all(work);
        resume_all(std::exchange(work, {}));
        // What follows keeps only the next batch waiting, not those who were in this one.
        remove_unneeded_files();
        db_.checkpoint_if_due();
    }
    retry_kept();
}

bool writer::wait_for_work(batch& taken) {
    std::unique_lock held(inbox_->mutex);
    const auto is_ready = [this] { return inbox_->closing || !inbox_->waiting.empty(); };
    if (kept_.empty())
        inbox_->woken.wait(held, is_ready);
    else
        inbox_->woken.wait_for(held, pause_after_failure, is_ready);
    std::swap(taken, inbox_->waiting);
    return !inbox_->closing || !taken.empty();
}

void writer::commit_all(const batch& work) {
    if (work.writes.empty() && kept_.empty()) return;
    try {
        commit_together(work);
        return committed(work);
    } catch (const std::exception& error) {
        db_.roll_back();
        if (!is_its_own_fault(error)) return refuse(work, error.what());
    }
    try {
        commit_each_alone(work);
        committed(work);
    } catch (const std::exception& error) {
        db_.roll_back();
        refuse(work, error.what());
    }
}

void writer::commit_together(const batch& work) {
    sync_body_directory(work);
    db_.begin();
    for (const handed_over& each : kept_) db_.apply(each);
    for (const write& each : work.writes) {
        std::visit(base::overloaded{[&](insertion* one) { db_.insert(one->what); },
                                    [&](const handed_over& one) { db_.apply(one); }},
                   each);
    }
    db_.commit();
}

void writer::commit_each_alone(const batch& work) {
    db_.begin();
    for (const handed_over& each : kept_) apply_alone(each);
    for (const write& each : work.writes) {
        std::visit(base::overloaded{[&](insertion* one) { insert_alone(*one); },
                                    [&](const handed_over& one) { apply_alone(one); }},
                   each);
    }
    db_.commit();
}

void writer::insert_alone(insertion& what) {
    db_.begin_one();
    try {
        db_.insert(what.what);
    } catch (const std::exception& error) {
        if (!is_its_own_fault(error)) throw;
        db_.undo_one();
        what.failed = errc::unavailable;
        warn_("message " + to_string(what.what.about->id) + " cannot be kept: " + error.what());
        return;
    }
    db_.keep_one();
}

void writer::apply_alone(const handed_over& what) {
    db_.begin_one();
    try {
        db_.apply(what);
    } catch (const std::exception& error) {
        if (!is_its_own_fault(error)) throw;
        db_.undo_one();
        const auto id = id_of(what);
        warn_((id ? "envelope " + to_string(*id) : std::string("the queue")) + " cannot be changed: " + error.what());
        // To offer it again and again would be worse than not to offer it: it may have been delivered.
        if (id) db_.pass_over(*id);
        return;
    }
    db_.keep_one();
}

void writer::committed(const batch& work) {
    kept_.clear();
    for (const write& each : work.writes) {
        const insertion* one = insertion_in(each);
        if (one != nullptr && !one->failed) one->what.about->text->keep_file();
    }
    if (std::exchange(failing_, false)) warn_("the queue can be written again");
}

// Nobody waits for changes, so nobody would repeat them: they stay with us. Most of them make room, so they are tried
// at once without the messages that did not fit.
void writer::refuse(const batch& work, const std::string& why) {
    failing(why);
    bool has_insertions = false;
    for (const write& each : work.writes) {
        std::visit(base::overloaded{[&](insertion* one) {
                                        one->failed = errc::unavailable;
                                        has_insertions = true;
                                    },
                                    [&](const handed_over& one) { kept_.push_back(one); }},
                   each);
    }
    if (has_insertions) retry_kept();
}

void writer::retry_kept() {
    if (kept_.empty()) return;
    try {
        db_.begin();
        for (const handed_over& each : kept_) apply_alone(each);
        db_.commit();
        kept_.clear();
    } catch (const std::exception& error) {
        db_.roll_back();
        failing(error.what());
    }
}

void writer::failing(const std::string& why) {
    if (!std::exchange(failing_, true)) warn_("the queue cannot be written: " + why);
}

void writer::sync_body_directory(const batch& work) {
    const bool has_files = std::ranges::any_of(work.writes, [](const write& each) {
        const insertion* one = insertion_in(each);
        return one != nullptr && one->what.about->text->in_file();
    });
    if (has_files) file_system::sync_directory(body_directory_);
}

void writer::answer_all(const batch& work) {
    for (question* each : work.questions) {
        // As long as changes are kept back, the tables do not say what they should.
        if (!kept_.empty())
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
    boost::asio::post(io_.pool(), [before = body_directory_ + '/', names = std::move(names)] {
        for (const std::string& name : names) ::unlink((before + name).c_str());
    });
}

}  // namespace waypost::spool
