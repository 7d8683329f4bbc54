// What waits for the writer thread: insertions and changes, which become one transaction, and questions, which are
// answered after it.
//
// A coroutine that waits keeps its insertion or question in its own frame and leaves its handler here. The handler owns
// the frame, so the pointers are good for as long as the batch has the handlers; a batch must therefore end on the
// loop's thread.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <memory>
#include <variant>
#include <vector>

#include "database.hpp"

namespace waypost::spool::sqlite {

struct insertion {
    const queued_message& entry;
    base::error_code failed;
};

class question {
public:
    virtual void ask(database& database) = 0;
    virtual void fail(errc error) = 0;

protected:
    ~question() = default;
};

/// Somebody who wants to go on when the batch is done.
class waiter {
public:
    virtual ~waiter() = default;
    virtual void resume() = 0;
};

template <class Handler>
class waiting_handler final : public waiter {
public:
    explicit waiting_handler(Handler handler) : handler_(std::move(handler)) {}
    void resume() override {
        const auto where = boost::asio::get_associated_executor(handler_);
        boost::asio::dispatch(where, std::move(handler_));
    }

private:
    Handler handler_;
};

using write = std::variant<insertion*, update>;
/// Null for a change.
[[nodiscard]] inline insertion* insertion_in(const write& write) {
    const auto* found = std::get_if<insertion*>(&write);
    return found == nullptr ? nullptr : *found;
}

struct batch {
    std::vector<write> writes;
    std::vector<question*> questions;
    // Resumed in this order: who inserted knows of his message before it shows in an answer.
    std::vector<std::unique_ptr<waiter>> inserters;
    std::vector<std::unique_ptr<waiter>> askers;

    [[nodiscard]] bool empty() const noexcept { return writes.empty() && questions.empty(); }
    [[nodiscard]] bool has_waiters() const noexcept { return !inserters.empty() || !askers.empty(); }
};

}  // namespace waypost::spool::sqlite
