#include "wire.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::dns {

namespace {

constexpr std::size_t max_name = 255;  // bytes on the wire, RFC 1035 section 2.3.4
constexpr std::size_t max_label = 63;

void append_escaped(std::string& text, unsigned char byte) {
    if (byte == '.' || byte == '\\') {
        text += '\\';
        text += static_cast<char>(byte);
    } else if (byte > ' ' && byte < 0x7f) {
        text += static_cast<char>(byte);
    } else {
        text += '\\';
        for (const unsigned place : {100U, 10U, 1U}) text += static_cast<char>('0' + byte / place % 10);
    }
}

void append_u16(std::string& target, unsigned value) {
    target += static_cast<char>((value >> 8U) & 0xffU);
    target += static_cast<char>(value & 0xffU);
}

}  // namespace

std::uint8_t reader::u8() {
    if (left() < 1) {
        fail();
        return 0;
    }
    return message_[position_++];
}

std::uint16_t reader::u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8U | u8());
}

std::uint32_t reader::u32() {
    const std::uint32_t high = u16();
    return high << 16U | u16();
}

void reader::skip(std::size_t count) {
    if (left() < count) return fail();
    position_ += count;
}

std::string reader::bytes(std::size_t count) {
    const std::size_t begin = position_;
    skip(count);
    if (broken()) return {};
    const auto found = message_.subspan(begin, count);
    return {found.begin(), found.end()};
}

std::string reader::name() {
    std::string text;
    std::size_t size = 1;
    reader here(message_,
                broken() ? message_.size() + 1 : position_);  // walks; this one stays behind the first pointer
    bool jumped = false;
    std::size_t must_be_before = position_;
    for (;;) {
        const std::uint8_t length = here.u8();
        if (!jumped) position_ = here.at();
        if (here.broken()) break;
        if (length == 0) return text;
        if (length > max_label) {
            const std::size_t target = (length & 0x3fU) * 256U + here.u8();
            if (!jumped) position_ = here.at();
            // Only backwards, each time further than before: so there is no loop.
            if (here.broken() || length < 0xc0 || target >= must_be_before) break;
            jumped = true;
            must_be_before = target;
            here = reader(message_, target);
            continue;
        }
        size += length + 1U;
        if (size > max_name) break;
        if (!text.empty()) text += '.';
        for (const char each : here.bytes(length)) append_escaped(text, static_cast<unsigned char>(each));
        if (!jumped) position_ = here.at();
    }
    fail();
    return {};
}

std::optional<std::string> wire_name(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    std::string wire;
    for (const std::string_view label : base::split(text, '.')) {
        if (label.empty() || label.size() > max_label) return std::nullopt;
        if (label.find_first_of(std::string_view("\0\\", 2)) != std::string_view::npos) return std::nullopt;
        wire += static_cast<char>(label.size());
        wire += label;
    }
    wire += '\0';
    if (wire.size() > max_name) return std::nullopt;
    return wire;
}

std::string write_question(std::uint16_t id, std::string_view wire_name, record_type type,
                           std::optional<std::uint16_t> udp_payload) {
    constexpr unsigned recursion_desired = 0x0100;
    constexpr unsigned authentic_data = 0x0020;
    constexpr unsigned internet = 1;
    std::string message;
    append_u16(message, id);
    append_u16(message, recursion_desired | authentic_data);
    for (const unsigned count : {1U, 0U, 0U, udp_payload ? 1U : 0U}) append_u16(message, count);
    message += wire_name;
    append_u16(message, static_cast<unsigned>(type));
    append_u16(message, internet);
    if (udp_payload) {  // RFC 6891 section 6.1.2: root, OPT, size, no flags, no options
        message += '\0';
        append_u16(message, static_cast<unsigned>(record_type::opt));
        append_u16(message, *udp_payload);
        message.append(6, '\0');
    }
    return message;
}

}  // namespace waypost::dns
