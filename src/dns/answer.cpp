#include "answer.hpp"

#include <ares.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <ranges>

#include "hostent.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::dns {

namespace {

/// What the status alone says; nothing if there are records to look for.
std::optional<base::error_code> refusal(int status) {
    switch (status) {
        case ARES_SUCCESS:
        case ARES_ENODATA: return std::nullopt;
        case ARES_ENOTFOUND:
        case ARES_EBADNAME:  // a name that cannot be written in a question exists nowhere
            return errc::not_found;
        case ARES_EBADRESP: return errc::malformed;
        default: return errc::unavailable;
    }
}

/// The status of a parser, which knows only "records", "none" and "makes no sense".
base::error_code fault(int status) { return status == ARES_ENOMEM ? errc::unavailable : errc::malformed; }

int size_of(const answer& from) {
    return static_cast<int>(std::min<std::size_t>(from.message.size(), std::numeric_limits<int>::max()));
}

using parser = int(const unsigned char*, int, hostent**);

base::result<std::vector<net::address>> addresses(const answer& from, parser* parse) {
    if (const auto why = refusal(from.status)) return *why;
    if (from.status == ARES_ENODATA) return std::vector<net::address>();
    hostent* made = nullptr;
    const int status = parse(from.message.data(), size_of(from), &made);
    const hostent_ptr found(made);
    if (status == ARES_ENODATA) return std::vector<net::address>();
    if (status != ARES_SUCCESS || !found) return fault(status);
    return addresses_of(*found);
}

}  // namespace

base::result<std::vector<net::address>> ipv4_addresses(const answer& from) {
    return addresses(from, [](const unsigned char* message, int size, hostent** found) {
        return ::ares_parse_a_reply(message, size, found, nullptr, nullptr);
    });
}

base::result<std::vector<net::address>> ipv6_addresses(const answer& from) {
    return addresses(from, [](const unsigned char* message, int size, hostent** found) {
        return ::ares_parse_aaaa_reply(message, size, found, nullptr, nullptr);
    });
}

base::result<std::vector<net::address>> merge(base::result<std::vector<net::address>> ipv4,
                                              base::result<std::vector<net::address>> ipv6) {
    std::vector<net::address> all;
    for (const auto* each : {&ipv4, &ipv6}) {
        if (each->has_value()) all.insert(all.end(), (*each)->begin(), (*each)->end());
    }
    if (!all.empty()) return all;
    for (const auto* each : {&ipv4, &ipv6}) {
        if (each->has_error() && each->error() != errc::not_found) return each->error();
    }
    // One that says "no such name" against one that says "without addresses": it exists.
    if (ipv4.has_value() || ipv6.has_value()) return all;
    return errc::not_found;
}

base::result<std::vector<mx_record>> mx_records(const answer& from) {
    if (const auto why = refusal(from.status)) return *why;
    std::vector<mx_record> records;
    if (from.status == ARES_ENODATA) return records;
    ares_mx_reply* made = nullptr;
    const int status = ::ares_parse_mx_reply(from.message.data(), size_of(from), &made);
    const std::unique_ptr<ares_mx_reply, decltype(&::ares_free_data)> first(made, &::ares_free_data);
    if (status == ARES_ENODATA) return records;
    if (status != ARES_SUCCESS) return fault(status);
    for (const ares_mx_reply* each = first.get(); each != nullptr; each = each->next) {
        std::string host = each->host;
        if (host == ".") host.clear();
        records.push_back({each->priority, std::move(host)});
    }
    return records;
}

base::result<std::vector<std::string>> pointer_names(const answer& from) {
    std::vector<std::string> names;
    if (const auto why = refusal(from.status)) {
        if (*why == errc::not_found) return names;
        return *why;
    }
    if (from.status == ARES_ENODATA) return names;
    hostent* made = nullptr;
    // Without the address: c-ares would only copy it into what it hands back.
    const int status = ::ares_parse_ptr_reply(from.message.data(), size_of(from), nullptr, 0, AF_INET, &made);
    const hostent_ptr found(made);
    if (status == ARES_ENODATA) return names;
    if (status != ARES_SUCCESS || !found) return fault(status);
    for (char** each = found->h_aliases; each != nullptr && *each != nullptr; ++each) names.emplace_back(*each);
    if (names.empty() && found->h_name != nullptr) names.emplace_back(found->h_name);
    return names;
}

std::string pointer_name(const net::address& given) {
    const net::address ip = net::unmapped(given);
    std::string name;
    if (ip.is_v4()) {
        const auto bytes = ip.to_v4().to_bytes();
        for (const unsigned byte : bytes | std::views::reverse) name += std::to_string(byte) + ".";
        return name + "in-addr.arpa";
    }
    const auto bytes = ip.to_v6().to_bytes();
    for (const unsigned byte : bytes | std::views::reverse) {
        name += base::hex(byte & 0xfU, 1) + "." + base::hex(byte >> 4U, 1) + ".";
    }
    return name + "ip6.arpa";
}

}  // namespace waypost::dns
