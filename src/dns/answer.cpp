#include "answer.hpp"

#include <algorithm>
#include <ranges>

#include "waypost/base/encoding.hpp"

namespace waypost::dns {

namespace {

/// All records of an answer; `read` takes one out of its data and must use all of that up.
template <class Record>
base::result<answers<Record>> records_of(const answer& answer, record_type type, Record (*read)(reader&)) {
    const reply said = read_reply(answer, type);
    if (said.refused) return said.refused;
    answers<Record> found{.records = {}, .authentic = said.authentic};
    for (const data_range& each : said.records) {
        reader data(std::span(answer.message).first(each.end), each.begin);
        found.records.push_back(read(data));
        if (data.broken() || data.left() != 0) return errc::malformed;
    }
    return found;
}

template <class Address>
net::address read_address(reader& data) {
    typename Address::bytes_type bytes;
    for (auto& each : bytes) each = data.u8();
    return Address(bytes);
}

mx_record read_mx(reader& data) {
    const std::uint16_t preference = data.u16();
    return {preference, data.name()};
}

/// RFC 1035 section 3.3.14: one string or more.
std::string read_text(reader& data) {
    std::string joined;
    do joined += data.bytes(data.u8());
    while (data.left() != 0);
    return joined;
}

tlsa_record read_tlsa(reader& data) {
    tlsa_record one{.usage = data.u8(), .selector = data.u8(), .matching = data.u8(), .data = {}};
    if (data.left() == 0) data.fail();
    one.data = data.bytes(data.left());
    return one;
}

}  // namespace

base::result<address_answer> ipv4_addresses(const answer& answer) {
    return records_of(answer, record_type::a, &read_address<boost::asio::ip::address_v4>);
}

base::result<address_answer> ipv6_addresses(const answer& answer) {
    return records_of(answer, record_type::aaaa, &read_address<boost::asio::ip::address_v6>);
}

base::result<mx_answer> mx_records(const answer& answer) { return records_of(answer, record_type::mx, &read_mx); }

base::result<tlsa_answer> tlsa_records(const answer& answer) {
    return records_of(answer, record_type::tlsa, &read_tlsa);
}

base::result<std::vector<std::string>> texts(const answer& answer) {
    auto found = records_of(answer, record_type::txt, &read_text);
    if (found.has_error()) return found.error();
    return std::move(found->records);
}

base::result<std::vector<std::string>> pointer_names(const answer& answer) {
    auto found = records_of<std::string>(answer, record_type::ptr, [](reader& data) { return data.name(); });
    if (found.has_value()) return std::move(found->records);
    if (found.error() == errc::not_found) return std::vector<std::string>();
    return found.error();
}

base::result<address_answer> merge(base::result<address_answer> ipv4, base::result<address_answer> ipv6) {
    // What failed counts neither way: who keeps one answer from us must not have the other one taken for unsigned.
    address_answer all{.records = {}, .authentic = ipv4.has_value() || ipv6.has_value()};
    for (const auto* each : {&ipv4, &ipv6}) {
        if (each->has_error()) continue;
        all.records.insert(all.records.end(), (*each)->records.begin(), (*each)->records.end());
        all.authentic = all.authentic && (*each)->authentic;
    }
    if (!all.records.empty()) return all;
    for (const auto* each : {&ipv4, &ipv6}) {
        if (each->has_error() && each->error() != errc::not_found) return each->error();
    }
    // One that says "no such name" against one that says "without addresses": it exists.
    if (ipv4.has_value() || ipv6.has_value()) return all;
    return errc::not_found;
}

std::string pointer_name(const net::address& address) {
    const net::address ip = net::unmapped(address);
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
