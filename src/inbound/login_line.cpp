#include "login_line.hpp"

namespace waypost::inbound {

namespace {

// A yescrypt hash takes some 20 to 100 ms, so the last in the line waits for two or three seconds.
constexpr std::size_t threads = 2;
constexpr std::size_t longest_line = 64;
constexpr std::size_t most_of_client = 8;

}  // namespace

login_line::login_line() : places_(longest_line), clients_(most_of_client), hashing_(threads) {}

std::optional<login_line::place> login_line::join(const std::optional<net::address>& ip) {
    std::optional<address_counts::token> of_client;
    if (ip && !ip->is_loopback()) {
        of_client = clients_.try_take(client_of(*ip));
        if (!of_client) return std::nullopt;
    }
    auto one = places_.try_take();
    if (!one) return std::nullopt;
    return place{std::move(one), std::move(of_client)};
}

}  // namespace waypost::inbound
