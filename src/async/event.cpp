#include "waypost/async/event.hpp"

namespace waypost::async {

event::event(const executor& executor) : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

awaitable<> event::wait() { co_await timer_.async_wait(as_result); }

void event::notify() { timer_.cancel(); }

}  // namespace waypost::async
