#include "question.hpp"

#include <ares.h>

#include <utility>

namespace waypost::dns {

question::question(const async::executor& executor, listener first)
    : first_(std::move(first)), answered_(executor, std::chrono::steady_clock::time_point::max()) {}

std::shared_ptr<question> question::answered_with(const async::executor& executor, answer_ptr answer) {
    auto made = std::make_shared<question>(executor);
    made->answer_ = std::move(answer);
    return made;
}

std::shared_ptr<question> question::answered_with(const async::executor& executor, int status) {
    return answered_with(executor, std::make_shared<const answer>(answer{.status = status, .message = {}}));
}

void question::take(answer reply) {
    answer_ = std::make_shared<const answer>(std::move(reply));
    if (first_) std::exchange(first_, {})(answer_);
    answered_.cancel();
}

async::awaitable<answer_ptr> question::wait(std::shared_ptr<question> mine) {
    if (!mine->answer_) co_await mine->answered_.async_wait(async::as_result);
    if (mine->answer_) co_return mine->answer_;
    co_return std::make_shared<const answer>(answer{.status = ARES_ECANCELLED, .message = {}});
}

}  // namespace waypost::dns
