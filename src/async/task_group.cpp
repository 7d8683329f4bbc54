#include "waypost/async/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <list>

#include "waypost/async/cancellation.hpp"
#include "waypost/async/event.hpp"

namespace waypost::async {

namespace {

/// co_spawn() would run the first part of a member within start(), so a caller's own state would change under its
/// hands.
awaitable<> in_its_turn(awaitable<> work) {
    co_await boost::asio::post(boost::asio::use_awaitable);
    co_await std::move(work);
}

}  // namespace

// Shared with the completion of each member, so that a group may be destroyed on a path where the loop has already
// ended and its coroutines die unfinished with the io_context.
struct task_group::state {
    state(executor executor, bug_handler handler)
        : where(std::move(executor)), on_bug(std::move(handler)), emptied(where) {}

    executor where;
    bug_handler on_bug;
    std::list<boost::asio::cancellation_signal> members;
    event emptied;
    bool stopping = false;
};

task_group::task_group(executor executor, bug_handler on_bug)
    : state_(std::make_shared<state>(std::move(executor), std::move(on_bug))) {}

task_group::~task_group() = default;

void task_group::start(awaitable<> work) {
    if (state_->stopping) return;
    auto& members = state_->members;
    const auto member = members.emplace(members.end());
    auto on_end = [shared = state_, member](std::exception_ptr failed) {
        shared->members.erase(member);
        const bool bug = failed != nullptr && !(shared->stopping && is_cancellation(failed));
        if (bug && shared->on_bug) shared->on_bug(failed);
        if (shared->members.empty()) shared->emptied.notify();
    };
    boost::asio::co_spawn(state_->where, in_its_turn(std::move(work)),
                          boost::asio::bind_cancellation_slot(member->slot(), std::move(on_end)));
}

awaitable<> task_group::stop() {
    const auto shared = state_;
    shared->stopping = true;
    // A member may end, and so leave the list, while it is being cancelled: take the next one first.
    for (auto member = shared->members.begin(); member != shared->members.end();) {
        auto& signal = *member++;
        signal.emit(boost::asio::cancellation_type::terminal);
    }
    while (!shared->members.empty()) co_await shared->emptied.wait();
}

awaitable<> task_group::join() {
    const auto shared = state_;
    while (!shared->members.empty()) co_await shared->emptied.wait();
}

std::size_t task_group::size() const noexcept { return state_->members.size(); }

}  // namespace waypost::async
