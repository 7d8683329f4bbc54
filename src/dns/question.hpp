// A question under way. Shared by all who wait for its answer and by c-ares, because any of them may leave first.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "answer_cache.hpp"
#include "reply.hpp"
#include "waypost/async/awaitable.hpp"

namespace waypost::dns {

class question {
public:
    using listener = std::function<void(const answer_ptr&)>;

    explicit question(const async::executor& executor, listener first = {});
    /// One that needs not be asked.
    [[nodiscard]] static std::shared_ptr<question> answered_with(const async::executor& executor, answer_ptr answer);
    [[nodiscard]] static std::shared_ptr<question> answered_with(const async::executor& executor, int status);

    void take(answer reply);
    [[nodiscard]] bool is_answered() const noexcept { return answer_ != nullptr; }
    /// Never null; ARES_ECANCELLED if the coroutine was cancelled before there was an answer.
    static async::awaitable<answer_ptr> wait(std::shared_ptr<question> mine);

private:
    answer_ptr answer_;
    listener first_;
    boost::asio::steady_timer answered_;  // never expires; cancelling it is the notification
};

}  // namespace waypost::dns
