#include "waypost/dns/mx_lookup.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

#include "waypost/async/gather.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::dns {

std::string_view words_for(mx_failure failure) noexcept {
    switch (failure) {
        case mx_failure::no_such_domain: return "the domain does not exist";
        case mx_failure::null_mx: return "the domain says that it takes no mail";
        case mx_failure::no_address: return "no host of the domain has an address";
        case mx_failure::unavailable: return "the DNS could not be asked";
    }
    return "";
}

namespace {

using outcome = std::variant<std::vector<mx_host>, mx_failure>;

/// Nobody has so many mail servers, and an answer can name thousands, each of them two questions of ours.
constexpr std::size_t max_hosts = 100;

/// "[192.0.2.1]", "[IPv6:2001:db8::1]" and both without brackets.
std::optional<net::address> literal(std::string_view domain) {
    if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
        domain = domain.substr(1, domain.size() - 2);
        if (base::istarts_with(domain, "IPv6:")) domain.remove_prefix(5);
    }
    return net::parse_address(domain);
}

std::string_view without_dot(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

/// The null MX of RFC 7505, and what people write who mean it: names that are everybody's own machine (RFC 6761
/// section 6.3) would send the mail back to us.
bool is_no_host(const mx_record& record) {
    const std::string name = base::to_lower(without_dot(record.host));
    return name.empty() || name == "localhost" || name.ends_with(".localhost") || name == "localhost.localdomain";
}

/// Each host once, at its best preference; best first, and equal ones in random order.
std::vector<mx_record> in_order(std::vector<mx_record> records, std::uint32_t seed) {
    for (mx_record& each : records) {
        each.host = base::to_lower(without_dot(each.host));
    }
    std::ranges::sort(records, {}, [](const mx_record& record) { return std::tie(record.host, record.preference); });
    const auto repeated = std::ranges::unique(records, {}, &mx_record::host);
    records.erase(repeated.begin(), repeated.end());
    // A sort that looks at nothing but the preference leaves equal ones as random as it found them, stable or not.
    std::ranges::shuffle(records, std::mt19937(seed));
    std::ranges::sort(records, {}, &mx_record::preference);
    if (records.size() > max_hosts) records.resize(max_hosts);
    return records;
}

/// An address that is nobody's: connecting to 0.0.0.0 would reach ourselves.
bool is_no_address(const net::address& ip) { return net::unmapped(ip).is_unspecified() || ip.is_multicast(); }

/// Nobody has so many addresses of one family, and an answer can hold thousands, each of them a place to be tried.
constexpr std::size_t max_addresses = 16;

std::vector<net::address> usable(const std::vector<net::address>& addresses) {
    std::vector<net::address> made;
    std::size_t v4 = 0;
    std::size_t v6 = 0;
    for (const net::address& ip : addresses) {
        if (!is_no_address(ip) && (ip.is_v4() ? v4 : v6)++ < max_addresses) made.push_back(ip);
    }
    return made;
}

/// The hosts as they become known, and who wants to hear of it.
struct search {
    resolver& dns;
    mx_news on_news;
    std::vector<mx_candidate> hosts;
    bool exists = false;  // the name of at least one host
    bool could_not_ask = false;

    void tell() const {
        if (on_news) on_news(hosts);
    }
};

/// Asks for the addresses of one host. Answers with nothing of use: gather() wants a value.
async::awaitable<bool> ask_for(search& search, mx_candidate& host) {
    auto found = co_await search.dns.find_addresses(host.name);
    if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none) {
        search.could_not_ask = true;
        co_return false;
    }
    if (found.has_value()) {
        search.exists = true;
        host.addresses = usable(found->records);
        host.authentic = host.authentic && found->authentic;
    } else {
        search.could_not_ask = search.could_not_ask || found.error() != errc::not_found;
    }
    host.authentic = host.authentic && !host.addresses.empty();
    host.answered = true;
    search.tell();
    co_return true;
}

async::awaitable<> ask_for_all(search& search) {
    search.tell();
    std::vector<async::awaitable<bool>> questions;
    questions.reserve(search.hosts.size());
    for (mx_candidate& each : search.hosts) questions.push_back(ask_for(search, each));
    co_await async::gather(std::move(questions));
}

outcome itself(const net::address& ip, const std::string& domain, const mx_news& on_news) {
    if (on_news) on_news({{.preference = 0, .name = domain, .answered = true, .addresses = {ip}}});
    return std::vector<mx_host>{{.preference = 0, .name = domain, .addresses = {ip}}};
}

}  // namespace

std::uint32_t random_seed() { return std::random_device()(); }

async::awaitable<outcome> find_mx_hosts(resolver& dns, std::string domain, std::uint32_t seed, mx_news on_news) {
    if (const auto ip = literal(domain)) co_return itself(net::unmapped(*ip), domain, on_news);
    if (domain.starts_with('[')) co_return mx_failure::no_such_domain;

    auto found = co_await dns.find_mx(domain);
    if (found.has_error()) {
        co_return found.error() == errc::not_found ? mx_failure::no_such_domain : mx_failure::unavailable;
    }
    std::vector<mx_record> records = std::move(found->records);
    const bool implicit = records.empty();
    if (implicit) records.push_back({0, domain});
    if (!implicit) std::erase_if(records, is_no_host);
    if (records.empty()) co_return mx_failure::null_mx;

    search all{.dns = dns, .on_news = std::move(on_news), .hosts = {}, .exists = !implicit};
    for (mx_record& each : in_order(std::move(records), seed)) {
        all.hosts.push_back(
            {.preference = each.preference, .name = std::move(each.host), .authentic = found->authentic});
    }
    co_await ask_for_all(all);

    std::vector<mx_host> hosts;
    for (mx_candidate& each : all.hosts) {
        if (each.addresses.empty()) continue;
        hosts.push_back({each.preference, std::move(each.name), std::move(each.addresses), each.authentic});
    }
    if (!hosts.empty()) co_return std::move(hosts);
    if (all.could_not_ask) co_return mx_failure::unavailable;
    co_return all.exists ? mx_failure::no_address : mx_failure::no_such_domain;
}

async::awaitable<std::variant<std::uint16_t, no_preference>> mx_preference(resolver& dns, std::string domain,
                                                                           std::string name) {
    const auto found = co_await dns.mx(domain);
    if (found.has_error()) {
        co_return found.error() == errc::not_found ? no_preference::no_such_domain : no_preference::unavailable;
    }
    if (found->empty() && base::iequals(without_dot(name), without_dot(domain))) co_return std::uint16_t{0};
    std::optional<std::uint16_t> best;
    for (const mx_record& each : *found) {
        if (!base::iequals(without_dot(each.host), without_dot(name)) || is_no_host(each)) continue;
        best = std::min(each.preference, best.value_or(each.preference));
    }
    if (best) co_return *best;
    co_return no_preference::not_an_mx;
}

}  // namespace waypost::dns
