// DNS messages (RFC 1035 section 4) put together by hand, right and wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waypost::test {

inline std::string u16(unsigned value) {
    return {static_cast<char>((value >> 8U) & 0xffU), static_cast<char>(value & 0xffU)};
}

inline std::string u32(unsigned value) { return u16(value >> 16U) + u16(value); }

inline std::string wire_name(std::string_view name) {
    std::string wire;
    while (!name.empty()) {
        const std::size_t dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        wire += static_cast<char>(label.size());
        wire += label;
        name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    }
    return wire + '\0';
}

enum : std::uint16_t {
    type_a = 1,
    type_ns = 2,
    type_cname = 5,
    type_soa = 6,
    type_ptr = 12,
    type_mx = 15,
    type_txt = 16,
    type_aaaa = 28,
    type_tlsa = 52
};
enum : std::uint8_t { no_error = 0, format_error = 1, server_failure = 2, no_such_name = 3, refused = 5 };

/// The question that a message asks.
struct asked {
    unsigned id = 0;
    std::string name;
    unsigned type = 0;
    std::string section;  // as it stands in the message
    bool wants_ad = false;
    bool edns = false;
};

inline asked read_question(std::string_view message) {
    const auto at = [&message](std::size_t i) { return static_cast<unsigned char>(message.at(i)); };
    asked found;
    found.id = at(0) * 256U + at(1);
    std::size_t i = 12;
    while (at(i) != 0) {
        if (!found.name.empty()) found.name += '.';
        found.name += message.substr(i + 1, at(i));
        i += at(i) + 1U;
    }
    found.type = at(i + 1) * 256U + at(i + 2);
    found.section = message.substr(12, i + 5 - 12);
    found.wants_ad = (at(3) & 0x20U) != 0;
    found.edns = at(11) != 0;
    return found;
}

struct record {
    std::string name;
    unsigned type;
    std::string data;
    unsigned ttl = 60;
    bool internet = true;  // its class
};

inline record mx(std::string name, unsigned preference, std::string_view host) {
    return {std::move(name), type_mx, u16(preference) + wire_name(host)};
}
inline record a(std::string name, std::string bytes) { return {std::move(name), type_a, std::move(bytes)}; }
inline record ptr(std::string name, std::string_view target) { return {std::move(name), type_ptr, wire_name(target)}; }
inline record cname(std::string name, std::string_view target) {
    return {std::move(name), type_cname, wire_name(target)};
}

inline std::string written(const std::vector<record>& records) {
    std::string bytes;
    for (const record& each : records) {
        bytes += wire_name(each.name) + u16(each.type) + u16(each.internet ? 1 : 3) + u32(each.ttl) +
                 u16(static_cast<unsigned>(each.data.size())) + each.data;
    }
    return bytes;
}

inline std::string message_of(const asked& question, unsigned flags, const std::vector<record>& answers,
                              const std::vector<record>& authority = {}) {
    return u16(question.id) + u16(flags) + u16(1) + u16(static_cast<unsigned>(answers.size())) +
           u16(static_cast<unsigned>(authority.size())) + u16(0) + question.section + written(answers) +
           written(authority);
}

inline std::string reply_to(const asked& question, unsigned code, const std::vector<record>& records,
                            bool truncated = false) {
    return message_of(question, 0x8180U | code | (truncated ? 0x0200U : 0U), records);
}

/// That there is nothing, with the record that says for how long.
inline std::string absence(const asked& question, unsigned code, unsigned ttl) {
    const record soa{"org", type_soa, wire_name("ns.org") + wire_name("root.org") + std::string(16, '\1') + u32(ttl)};
    return message_of(question, 0x8180U | code, {}, {{soa.name, soa.type, soa.data, ttl}});
}

}  // namespace waypost::test
