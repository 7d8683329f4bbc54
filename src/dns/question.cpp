#include "question.hpp"

#include <ares.h>

#include <utility>

namespace waypost::dns {

question::question(const async::executor& on, listener first)
    : first_(std::move(first)), answered_(on, std::chrono::steady_clock::time_point::max()) {}

std::shared_ptr<question> question::answered_with(const async::executor& on, answer_ptr given) {
    auto made = std::make_shared<question>(on);
    made->answer_ = std::move(given);
    return made;
}

std::shared_ptr<question> question::answered_with(const async::executor& on, int status) {
    return answered_with(on, std::make_shared<const answer>(answer{.status = status, .message = {}}));
}

void question::take(answer given) {
    answer_ = std::make_shared<const answer>(std::move(given));
    if (first_) std::exchange(first_, {})(answer_);
    answered_.cancel();
}

async::awaitable<answer_ptr> question::wait(std::shared_ptr<question> mine) {
    if (!mine->answer_) co_await mine->answered_.async_wait(async::as_result);
    if (mine->answer_) co_return mine->answer_;
    co_return std::make_shared<const answer>(answer{.status = ARES_ECANCELLED, .message = {}});
}

}  // namespace waypost::dns
