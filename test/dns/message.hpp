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

enum : std::uint16_t { type_a = 1, type_cname = 5, type_ptr = 12, type_mx = 15, type_aaaa = 28 };
enum : std::uint8_t { no_error = 0, server_failure = 2, no_such_name = 3, refused = 5 };

/// The question that a message asks.
struct asked {
    unsigned id = 0;
    std::string name;
    unsigned type = 0;
    std::string section;  // as it stands in the message
};

inline asked read_question(std::string_view message) {
    const auto at = [&message](std::size_t i) { return static_cast<unsigned char>(message.at(i)); };
    asked found{.id = at(0) * 256U + at(1), .name = {}, .type = 0, .section = {}};
    std::size_t i = 12;
    while (at(i) != 0) {
        if (!found.name.empty()) found.name += '.';
        found.name += message.substr(i + 1, at(i));
        i += at(i) + 1U;
    }
    found.type = at(i + 1) * 256U + at(i + 2);
    found.section = message.substr(12, i + 5 - 12);
    return found;
}

struct record {
    std::string name;
    unsigned type;
    std::string data;
};

inline record mx(std::string name, unsigned preference, std::string_view host) {
    return {std::move(name), type_mx, u16(preference) + wire_name(host)};
}
inline record a(std::string name, std::string bytes) { return {std::move(name), type_a, std::move(bytes)}; }
inline record ptr(std::string name, std::string_view target) { return {std::move(name), type_ptr, wire_name(target)}; }
inline record cname(std::string name, std::string_view target) {
    return {std::move(name), type_cname, wire_name(target)};
}

inline std::string reply_to(const asked& question, unsigned code, const std::vector<record>& records,
                            bool truncated = false) {
    std::string message = u16(question.id) + u16(0x8180U | code | (truncated ? 0x0200U : 0U)) + u16(1) +
                          u16(static_cast<unsigned>(records.size())) + u16(0) + u16(0) + question.section;
    for (const record& each : records) {
        message += wire_name(each.name) + u16(each.type) + u16(1) + u16(0) + u16(60) +
                   u16(static_cast<unsigned>(each.data.size())) + each.data;
    }
    return message;
}

}  // namespace waypost::test
