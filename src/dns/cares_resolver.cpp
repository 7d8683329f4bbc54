#include "waypost/dns/cares_resolver.hpp"

#include <utility>

#include "answer.hpp"
#include "hosts_file.hpp"
#include "lookups.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

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
    cares_resolver(const async::executor& executor, const async::clock& clock, const resolver_settings& settings)
        : hosts_(std::make_shared<hosts_file>("/etc/hosts", clock)),
          lookups_(std::make_shared<lookups>(executor, clock, settings)) {}

    async::awaitable<base::result<address_answer>> find_addresses(std::string name) override {
        if (const auto literal = net::parse_address(name)) co_return address_answer{{*literal}};
        const auto lookups = lookups_;
        const auto hosts = co_await hosts_file::look(hosts_);
        if (auto known = hosts->addresses(name); !known.empty()) co_return address_answer{std::move(known)};
        if (is_localhost(name)) co_return address_answer{loopback()};
        // Both are under way before either is waited for.
        auto asked_v4 = lookups->ask(name, record_type::a);
        auto asked_v6 = lookups->ask(name, record_type::aaaa);
        const answer_ptr v4 = co_await question::wait(std::move(asked_v4));
        const answer_ptr v6 = co_await question::wait(std::move(asked_v6));
        co_return merge(ipv4_addresses(*v4), ipv6_addresses(*v6));
    }

    async::awaitable<base::result<mx_answer>> find_mx(std::string domain) override {
        const answer_ptr given = co_await question::wait(lookups_->ask(domain, record_type::mx));
        co_return mx_records(*given);
    }

    async::awaitable<base::result<tlsa_answer>> tlsa(std::string name) override {
        const answer_ptr given = co_await question::wait(lookups_->ask(name, record_type::tlsa));
        co_return tlsa_records(*given);
    }

    async::awaitable<base::result<std::vector<std::string>>> texts(std::string name) override {
        const answer_ptr given = co_await question::wait(lookups_->ask(name, record_type::txt));
        co_return dns::texts(*given);
    }

    async::awaitable<base::result<std::vector<std::string>>> names(net::address ip) override {
        const auto lookups = lookups_;
        const auto hosts = co_await hosts_file::look(hosts_);
        if (auto known = hosts->names(ip); !known.empty()) co_return std::move(known);
        if (net::unmapped(ip).is_loopback()) co_return std::vector<std::string>{"localhost"};
        const answer_ptr given = co_await question::wait(lookups->ask(pointer_name(ip), record_type::ptr));
        co_return pointer_names(*given);
    }

private:
    std::shared_ptr<hosts_file> hosts_;
    std::shared_ptr<lookups> lookups_;
};

}  // namespace

std::optional<net::endpoint> parse_server(std::string_view text) {
    constexpr std::uint16_t dns_port = 53;
    if (const auto ip = net::parse_address(text)) return net::endpoint{*ip, dns_port};
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto ip = net::parse_address(text.substr(0, colon));
    const auto port = base::parse_number(text.substr(colon + 1));
    if (!ip || !port || *port == 0 || *port > 65535) return std::nullopt;
    return net::endpoint{*ip, static_cast<std::uint16_t>(*port)};
}

std::unique_ptr<resolver> make_cares_resolver(const async::executor& executor, const async::clock& clock,
                                              const resolver_settings& settings) {
    return std::make_unique<cares_resolver>(executor, clock, settings);
}

}  // namespace waypost::dns
