#include "target.hpp"

#include <algorithm>

#include "waypost/base/ascii.hpp"
#include "waypost/dns/mx_lookup.hpp"

namespace waypost::relay {

namespace {

using targets = std::variant<std::vector<target>, mail::status>;

// More URLs than this of one table are not tried for one connection.
constexpr std::size_t most_urls = 16;

/// What `tls` on the action makes of a URL that would go in clear if it must.
mail::relay_url protected_by(mail::relay_url url, const action_settings& action) {
    if (action.tls && url.security == mail::transport_security::opportunistic && !url.lmtp) url.security = *action.tls;
    return url;
}

/// Takes entries until one comes again. As fetch() is cyclic, that moves the next call's beginning on by one.
async::awaitable<targets> urls_in_turn(const action_settings& action) {
    std::vector<std::string> seen;
    std::vector<target> found;
    while (seen.size() < most_urls) {
        auto entry = co_await action.hosts->fetch(table::service::relayhost);
        if (entry.has_error())
            co_return mail::status::transient("4.4.3", "Cannot retrieve smarthost: " + entry.error().message());
        if (!entry->has_value() || std::ranges::find(seen, **entry) != seen.end()) break;
        seen.push_back(**entry);
        auto url = mail::parse_relay_url(seen.back());
        if (auto* usable = std::get_if<mail::relay_url>(&url)) {
            found.push_back({.url = protected_by(std::move(*usable), action), .addresses = {}});
        }
    }
    if (!found.empty()) co_return found;
    co_return mail::status::transient("4.3.5", "No usable relay URL in table " + action.hosts->name());
}

mail::status status_of(dns::mx_failure why, const std::string& domain) {
    switch (why) {
        case dns::mx_failure::no_such_domain:
            return mail::status::permanent("5.1.2", "Domain " + domain + " does not exist");
        case dns::mx_failure::null_mx:
            return mail::status::of(556, "5.1.10", "Domain " + domain + " does not accept mail");
        case dns::mx_failure::no_address:
            return mail::status::permanent("5.1.2", "Domain " + domain + " has no host for mail");
        case dns::mx_failure::unavailable: break;
    }
    return mail::status::transient("4.4.3", "Cannot look up the mail hosts of " + domain);
}

async::awaitable<targets> mx_targets(const std::string& domain, const action_settings& action, dns::resolver& dns) {
    auto answer = co_await dns::find_mx_hosts(dns, domain);
    if (const auto* why = std::get_if<dns::mx_failure>(&answer)) co_return status_of(*why, domain);
    std::vector<target> found;
    for (dns::mx_host& host : std::get<std::vector<dns::mx_host>>(answer)) {
        mail::relay_url url;
        url.host = host.name;
        found.push_back({.url = protected_by(std::move(url), action), .addresses = std::move(host.addresses)});
    }
    co_return found;
}

}  // namespace

async::awaitable<targets> targets_of(const spool::next_hop& hop, const action_settings& action, dns::resolver& dns) {
    if (action.hosts != nullptr) co_return co_await urls_in_turn(action);
    co_return co_await mx_targets(hop.domain, action, dns);
}

async::awaitable<std::variant<std::vector<net::address>, mail::status>> addresses_of(const target& one,
                                                                                     dns::resolver& dns) {
    if (!one.addresses.empty()) co_return one.addresses;
    if (const auto literal = net::parse_address(one.url.host)) co_return std::vector{*literal};
    auto found = co_await dns.addresses(one.url.host);
    if (found.has_value() && !found->empty()) co_return std::move(*found);
    // A relay's name that does not resolve is a mistake in the configuration or in the DNS, never the mail's.
    const std::string why = found.has_error() ? found.error().message() : "it has no address";
    co_return mail::status::transient("4.4.3", "Cannot find relay " + one.url.host + ": " + why);
}

}  // namespace waypost::relay
