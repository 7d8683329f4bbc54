#include "waypost/inbound/peer_name.hpp"

#include <algorithm>

namespace waypost::inbound {

namespace {

// An address may have any number of names; whoever means it well has one or two.
constexpr std::size_t most_names = 5;

}  // namespace

async::awaitable<> peer_name::ask(std::shared_ptr<peer_name> self, dns::resolver& dns, net::address ip) {
    if (ip.is_loopback()) {
        self->name_ = "localhost";
    } else {
        auto found = co_await self->confirmed(dns, ip);
        if (found.has_error()) {
            self->failed_ = found.error();
        } else {
            self->name_ = std::move(*found);
        }
    }
    self->done_ = true;
    self->answered_.notify();
}

async::awaitable<base::result<std::string>> peer_name::confirmed(dns::resolver& dns, net::address ip) {
    const auto names = co_await dns.names(ip);
    if (names.has_error()) {
        if (names.error() == dns::errc::not_found) co_return std::string();
        co_return names.error();
    }
    base::error_code could_not_ask;
    for (std::size_t i = 0; i < std::min(names->size(), most_names); ++i) {
        const auto addresses = co_await dns.addresses((*names)[i]);
        if (addresses.has_error()) {
            if (addresses.error() != dns::errc::not_found) could_not_ask = addresses.error();
        } else if (std::ranges::find(*addresses, ip) != addresses->end()) {
            co_return (*names)[i];
        }
    }
    if (could_not_ask) co_return could_not_ask;
    co_return std::string();
}

async::awaitable<base::result<std::string>> peer_name::wait() {
    while (!done_) co_await answered_.wait();
    if (failed_) co_return failed_;
    co_return name_;
}

}  // namespace waypost::inbound
