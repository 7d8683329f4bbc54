#include "alarms.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "waypost/async/next_turn.hpp"

namespace waypost::relay {

namespace {

// Each is a plan of a relay, some microseconds.
constexpr std::size_t most_a_turn = 64;

}  // namespace

std::uint64_t alarms::set(async::time_point time, std::function<void()> call) {
    const bool is_first = set_.empty() || time < set_.begin()->first.first;
    set_.emplace(key(time, ++last_number_), std::move(call));
    if (is_first) sooner_.notify();
    return last_number_;
}

async::awaitable<> alarms::run() {
    using namespace boost::asio::experimental::awaitable_operators;
    struct mark {
        bool& running;
        ~mark() { running = false; }
    } const on_exit{running_};
    while (!set_.empty()) {
        const async::time_point first = set_.begin()->first.first;
        if (first > clock_.now()) {
            co_await (sooner_.wait() || clock_.sleep_until(first));
            continue;
        }
        for (std::size_t i = 0; i < most_a_turn && !set_.empty() && set_.begin()->first.first <= clock_.now(); ++i) {
            const auto call = std::move(set_.extract(set_.begin()).mapped());
            call();
        }
        co_await async::next_turn();
    }
}

}  // namespace waypost::relay
