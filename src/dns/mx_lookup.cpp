#include "waypost/dns/mx_lookup.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

#include "waypost/async/gather.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::dns {

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

/// The null MX of RFC 7505, and what people write who mean it.
bool is_no_host(const mx_record& record) {
    return record.host.empty() || record.host == "." || base::iequals(record.host, "localhost");
}

/// Each host once, at its best preference; best first, and equal ones in random order.
std::vector<mx_record> in_order(std::vector<mx_record> records, std::uint32_t seed) {
    for (mx_record& each : records) {
        each.host = base::to_lower(each.host);
        if (each.host.ends_with('.')) each.host.pop_back();
    }
    std::ranges::sort(records, {}, [](const mx_record& one) { return std::tie(one.host, one.preference); });
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

}  // namespace

std::uint32_t random_seed() { return std::random_device()(); }

async::awaitable<outcome> find_mx_hosts(resolver& dns, std::string domain, std::uint32_t seed) {
    if (const auto ip = literal(domain)) co_return std::vector<mx_host>{{0, domain, {net::unmapped(*ip)}}};
    if (domain.starts_with('[')) co_return mx_failure::no_such_domain;

    auto found = co_await dns.mx(domain);
    if (found.has_error()) {
        co_return found.error() == errc::not_found ? mx_failure::no_such_domain : mx_failure::unavailable;
    }
    std::vector<mx_record> records = std::move(*found);
    const bool implicit = records.empty();
    if (implicit) records.push_back({0, domain});
    if (!implicit) std::erase_if(records, is_no_host);
    if (records.empty()) co_return mx_failure::null_mx;
    records = in_order(std::move(records), seed);

    std::vector<async::awaitable<base::result<std::vector<net::address>>>> questions;
    questions.reserve(records.size());
    for (const mx_record& each : records) questions.push_back(dns.addresses(each.host));
    auto answers = co_await async::gather(std::move(questions));

    std::vector<mx_host> hosts;
    bool could_not_ask = false;
    bool exists = !implicit;
    for (std::size_t i = 0; i < records.size(); ++i) {
        auto& given = answers[i];
        if (given.has_error()) {
            could_not_ask = could_not_ask || given.error() != errc::not_found;
            continue;
        }
        exists = true;
        std::erase_if(*given, is_no_address);
        if (!given->empty()) hosts.push_back({records[i].preference, std::move(records[i].host), std::move(*given)});
    }
    if (!hosts.empty()) co_return std::move(hosts);
    if (could_not_ask) co_return mx_failure::unavailable;
    co_return exists ? mx_failure::no_address : mx_failure::no_such_domain;
}

}  // namespace waypost::dns
