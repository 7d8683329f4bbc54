#include "waypost/dns/cares_resolver.hpp"

#include <arpa/nameser.h>

#include <utility>

#include "answer.hpp"
#include "channel.hpp"
#include "hosts_file.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::dns {

namespace {

/// RFC 6761 section 6.3: these names are never asked of the DNS.
bool is_localhost(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return base::iequals(name, "localhost") || base::to_lower(name).ends_with(".localhost");
}

std::vector<net::address> loopback() {
    return {boost::asio::ip::address_v4::loopback(), boost::asio::ip::address_v6::loopback()};
}

// After a co_await of question::wait() the resolver may be gone; none of these touches it then.
class cares_resolver final : public resolver {
public:
    cares_resolver(const async::executor& on, const resolver_settings& settings)
        : channel_(channel::open(on, settings)) {}
    ~cares_resolver() override { channel_->close(); }

    async::awaitable<base::result<address_answer>> find_addresses(std::string name) override {
        if (const auto literal = net::parse_address(name)) co_return address_answer{{*literal}};
        if (auto known = hosts_.addresses(name); !known.empty()) co_return address_answer{std::move(known)};
        if (is_localhost(name)) co_return address_answer{loopback()};
        // Two questions instead of ares_getaddrinfo(), which answers "no addresses" when one family has none and the
        // other one could not be asked; mail would bounce that has only to wait.
        auto asked_v4 = channel_->ask(name, ns_t_a);
        auto asked_v6 = channel_->ask(name, ns_t_aaaa);
        const answer v4 = co_await question::wait(std::move(asked_v4));
        const answer v6 = co_await question::wait(std::move(asked_v6));
        auto both = merge(ipv4_addresses(v4), ipv6_addresses(v6));
        if (both.has_error()) co_return both.error();
        co_return address_answer{std::move(*both)};
    }

    async::awaitable<base::result<mx_answer>> find_mx(std::string domain) override {
        const answer given = co_await question::wait(channel_->ask(domain, ns_t_mx));
        auto records = mx_records(given);
        if (records.has_error()) co_return records.error();
        co_return mx_answer{std::move(*records)};
    }

    async::awaitable<base::result<tlsa_answer>> tlsa(std::string /*name*/) override { co_return errc::unavailable; }

    async::awaitable<base::result<std::vector<std::string>>> texts(std::string /*name*/) override {
        co_return errc::unavailable;
    }

    async::awaitable<base::result<std::vector<std::string>>> names(net::address ip) override {
        if (auto known = hosts_.names(ip); !known.empty()) co_return std::move(known);
        if (net::unmapped(ip).is_loopback()) co_return std::vector<std::string>{"localhost"};
        // Not ares_gethostbyaddr(), which says "not found" for a server that failed.
        const answer given = co_await question::wait(channel_->ask(pointer_name(ip), ns_t_ptr));
        co_return pointer_names(given);
    }

private:
    hosts_file hosts_;
    std::shared_ptr<channel> channel_;
};

}  // namespace

std::unique_ptr<resolver> make_cares_resolver(const async::executor& on, const resolver_settings& settings) {
    return std::make_unique<cares_resolver>(on, settings);
}

}  // namespace waypost::dns
