#include "login_line.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

namespace waypost::inbound {

namespace {

// A yescrypt hash takes some 20 to 100 ms, so the last in the line has its answer after two or three seconds.
constexpr std::size_t threads = 2;
constexpr std::size_t longest_line = 64;
constexpr std::size_t most_of_client = 8;
// Behind it.
constexpr std::size_t most_waits = 512;
constexpr std::size_t most_waits_of_client = 64;
constexpr std::chrono::seconds longest_wait{20};

}  // namespace

// --- places

login_line::place::place(place&& source) noexcept
    : line_(std::exchange(source.line_, nullptr)),
      token_(std::move(source.token_)),
      of_client_(std::move(source.of_client_)) {}

login_line::place::~place() {
    if (line_ == nullptr) return;
    of_client_.reset();
    token_ = {};
    line_->serve();
}

std::optional<login_line::place> login_line::try_take(const std::optional<net::address>& client) {
    std::optional<address_counts::token> of_client;
    if (client) {
        of_client = clients_.try_take(*client);
        if (!of_client) return std::nullopt;
    }
    auto one = places_.try_take();
    if (!one) return std::nullopt;
    return place(*this, std::move(one), std::move(of_client));
}

// --- the wait for one

struct login_line::waiter {
    std::optional<net::address> client;
    async::event changed;
    std::optional<place> granted = {};
};

/// In the list for as long as it lives.
class login_line::enlisted {
public:
    enlisted(std::list<waiter*>& waiters, waiter& one)
        : waiters_(waiters), place_(waiters.insert(waiters.end(), &one)) {}
    ~enlisted() { waiters_.erase(place_); }
    enlisted(const enlisted&) = delete;
    enlisted& operator=(const enlisted&) = delete;

private:
    std::list<waiter*>& waiters_;
    std::list<waiter*>::iterator place_;
};

login_line::login_line()
    : places_(longest_line),
      clients_(most_of_client),
      waits_(most_waits),
      waits_of_clients_(most_waits_of_client),
      hashing_(threads) {}

async::awaitable<std::optional<login_line::place>> login_line::join(std::optional<net::address> ip,
                                                                    async::clock& clock) {
    using namespace boost::asio::experimental::awaitable_operators;
    std::optional<net::address> client;
    if (ip && !ip->is_loopback()) client = client_of(*ip);
    if (auto one = try_take(client)) co_return one;

    const auto wait = waits_.try_take();
    std::optional<address_counts::token> wait_of_client;
    if (client) wait_of_client = waits_of_clients_.try_take(*client);
    if (!wait || (client && !wait_of_client)) co_return std::nullopt;
    waiter mine{.client = client, .changed = async::event(co_await boost::asio::this_coro::executor)};
    const enlisted here(waiting_, mine);
    co_await (clock.sleep_for(longest_wait) || until_granted(mine));
    co_return std::move(mine.granted);
}

async::awaitable<> login_line::until_granted(waiter& waiter) {
    while (!waiter.granted) co_await waiter.changed.wait();
}

void login_line::serve() {
    for (waiter* const each : waiting_) {
        if (places_.used() == places_.limit()) return;
        if (each->granted) continue;
        auto one = try_take(each->client);
        if (!one) continue;
        each->granted.emplace(std::move(*one));
        each->changed.notify();
    }
}

}  // namespace waypost::inbound
