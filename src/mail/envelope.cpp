#include "waypost/mail/envelope.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::mail {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

void append_word(std::string& list, std::string_view word) {
    if (!list.empty()) list += ',';
    list += word;
}

/// xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "="
constexpr bool is_xchar(char c) noexcept { return c >= '!' && c <= '~' && c != '+' && c != '='; }

}  // namespace

std::string to_text(const dsn_notify& notify) {
    std::string list;
    if (!notify.specified) return list;
    if (notify.never) return "NEVER";
    if (notify.success) append_word(list, "SUCCESS");
    if (notify.failure) append_word(list, "FAILURE");
    if (notify.delay) append_word(list, "DELAY");
    return list;
}

std::optional<dsn_notify> notify_from_text(std::string_view text) {
    dsn_notify notify;
    if (text.empty()) return notify;
    notify.specified = true;
    if (base::iequals(text, "NEVER")) {
        notify.never = true;
        return notify;
    }
    for (const std::string_view word : base::split(text, ',')) {
        if (base::iequals(word, "SUCCESS")) {
            notify.success = true;
        } else if (base::iequals(word, "FAILURE")) {
            notify.failure = true;
        } else if (base::iequals(word, "DELAY")) {
            notify.delay = true;
        } else {
            return std::nullopt;  // NEVER among others too: RFC 3461 section 4.1 wants it alone
        }
    }
    return notify;
}

std::string xtext_encode(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (const char c : bytes) {
        if (is_xchar(c)) {
            text += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            text += {'+', hex_digits[byte >> 4], hex_digits[byte & 15]};
        }
    }
    return text;
}

// hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits. What it stands for ends up in a report
// and in a queue row, so a line end smuggled in here has been an attack more than once (CVE-2020-28021).
std::optional<std::string> xtext_decode(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '+') {
            if (!is_xchar(text[i])) return std::nullopt;
            bytes += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const std::size_t high = hex_digits.find(text[i + 1]);
        const std::size_t low = hex_digits.find(text[i + 2]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        const std::size_t byte = high * 16 + low;
        // RFC 3461 section 4.4: decoded, it is graphic characters and blanks of US-ASCII.
        if (byte < 0x20 || byte > 0x7e) return std::nullopt;
        bytes += static_cast<char>(byte);
        i += 2;
    }
    return bytes;
}

}  // namespace waypost::mail
