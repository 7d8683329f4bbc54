#include "waypost/smtp/command.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::smtp {

namespace {

// A verb of up to eight letters (no NUL, or "\0HELO" would be "HELO") as one number, so that finding it is one
// comparison a verb and no table.
constexpr std::uint64_t packed(std::string_view name) noexcept {
    std::uint64_t value = 0;
    for (const char c : name) value = value << 8 | static_cast<unsigned char>(base::to_upper(c));
    return value;
}

verb verb_of(std::string_view name) noexcept {
    if (name.size() > 8 || !std::ranges::all_of(name, base::is_alpha)) return verb::unknown;
    switch (packed(name)) {
        case packed("HELO"): return verb::helo;
        case packed("EHLO"): return verb::ehlo;
        case packed("MAIL"): return verb::mail;
        case packed("RCPT"): return verb::rcpt;
        case packed("DATA"): return verb::data;
        case packed("RSET"): return verb::rset;
        case packed("NOOP"): return verb::noop;
        case packed("VRFY"): return verb::vrfy;
        case packed("EXPN"): return verb::expn;
        case packed("HELP"): return verb::help;
        case packed("QUIT"): return verb::quit;
        case packed("STARTTLS"): return verb::starttls;
        case packed("AUTH"): return verb::auth;
        default: return verb::unknown;
    }
}

// RFC 3461 section 4.2 and 4.4, of the encoded form.
constexpr std::size_t longest_envelope_id = 100;
constexpr std::size_t longest_original_recipient = 500;

bool is_eight_bit(char c) noexcept { return static_cast<unsigned char>(c) > 0x7f; }

mail::status refused(std::string_view reason, std::string_view text) {
    return mail::status::of(501, "5.5.4", std::string(reason) + ' ' + base::printable(text, 40));
}

void skip_blanks(std::string_view& text) noexcept {
    while (!text.empty() && base::is_blank(text.front())) text.remove_prefix(1);
}

// Moves past "FROM:" or "TO:" and the blanks that clients in use put behind it.
bool skip_label(std::string_view& text, std::string_view label) noexcept {
    if (!base::istarts_with(text, label)) return false;
    text.remove_prefix(label.size());
    skip_blanks(text);
    return !text.empty();
}

// `text` begins with the address and may go on with parameters.
mail::status bad_path(std::string_view text, std::string_view enhanced, std::string_view reason) {
    // RFC 6531 section 3.5, for a server without SMTPUTF8
    if (std::ranges::any_of(text, is_eight_bit)) {
        return mail::status::of(553, "5.6.7", "Address with non-ASCII characters, and SMTPUTF8 is not supported");
    }
    return mail::status::of(553, enhanced, reason);
}

struct parameter {
    std::string_view keyword;
    std::optional<std::string_view> value;
};

//     esmtp-param   = esmtp-keyword ["=" esmtp-value]
//     esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
//     esmtp-value   = 1*(%d33-60 / %d62-126)
std::optional<parameter> parse_parameter(std::string_view word) {
    const auto equals = word.find('=');
    parameter found{word.substr(0, equals), std::nullopt};
    const auto in_keyword = [](char c) { return base::is_alnum(c) || c == '-'; };
    if (found.keyword.empty() || found.keyword.front() == '-' || !std::ranges::all_of(found.keyword, in_keyword)) {
        return std::nullopt;
    }
    if (equals == std::string_view::npos) return found;
    found.value = word.substr(equals + 1);
    const auto in_value = [](char c) { return c > ' ' && c < 0x7f && c != '='; };
    if (found.value->empty() || !std::ranges::all_of(*found.value, in_value)) return std::nullopt;
    return found;
}

/// Gives the number and value of each parameter to `take`, which answers whether the value is a good one. `known_names`
/// are the keywords; each may come once and must have a value. What refuses the line is the answer.
template <class Take>
std::optional<mail::status> parse_parameters(std::string_view text, std::span<const std::string_view> known_names,
                                             Take take) {
    if (!text.empty() && !base::is_blank(text.front())) {
        return mail::status::of(501, "5.5.4", "Unexpected text after the address");
    }
    unsigned seen = 0;
    for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
        const std::string_view word = text.substr(0, text.find_first_of(" \t"));
        text.remove_prefix(word.size());
        const auto found = parse_parameter(word);
        if (!found) return refused("Malformed parameter", word);

        const auto is_it = [&](std::string_view keyword) { return base::iequals(keyword, found->keyword); };
        const auto number = static_cast<std::size_t>(std::ranges::find_if(known_names, is_it) - known_names.begin());
        if (number == known_names.size()) {
            return mail::status::of(555, "5.5.4", "Unsupported parameter " + base::printable(found->keyword, 40));
        }
        if ((seen & 1U << number) != 0) return refused("Repeated parameter", found->keyword);
        seen |= 1U << number;
        if (!found->value || !take(number, *found->value)) return refused("Invalid value of parameter", found->keyword);
    }
    return std::nullopt;
}

bool take_size(std::string_view value, mail::sender& sender) {
    sender.declared_size = base::parse_number(value);
    return sender.declared_size.has_value();
}

bool take_body(std::string_view value, mail::sender& sender) {
    sender.eight_bit = base::iequals(value, "8BITMIME");
    return sender.eight_bit || base::iequals(value, "7BIT");
}

bool take_ret(std::string_view value, mail::sender& sender) {
    if (base::iequals(value, "FULL")) sender.ret = mail::dsn_return::full;
    if (base::iequals(value, "HDRS")) sender.ret = mail::dsn_return::headers;
    return sender.ret != mail::dsn_return::unspecified;
}

bool take_envelope_id(std::string_view value, mail::sender& sender) {
    auto decoded = value.size() <= longest_envelope_id ? mail::xtext_decode(value) : std::nullopt;
    if (!decoded) return false;
    sender.envelope_id = std::move(*decoded);
    return true;
}

bool take_notify(std::string_view value, mail::recipient& recipient) {
    const auto notify = mail::notify_from_text(value);
    if (notify) recipient.notify = *notify;
    return notify.has_value();
}

//     original-recipient-address = addr-type ";" generic-address     addr-type = atom
bool take_original(std::string_view value, mail::recipient& recipient) {
    const auto semicolon = value.find(';');
    if (value.size() > longest_original_recipient || semicolon == std::string_view::npos) return false;
    const std::string_view type = value.substr(0, semicolon);
    const std::string_view address = value.substr(semicolon + 1);
    const auto in_type = [](char c) { return base::is_alnum(c) || c == '-'; };
    if (type.empty() || !std::ranges::all_of(type, in_type)) return false;
    if (address.empty() || !mail::xtext_decode(address)) return false;
    recipient.original = value;
    return true;
}

}  // namespace

command parse_command(std::string_view line) {
    const std::string_view name = line.substr(0, line.find_first_of(" \t"));
    return {verb_of(name), name, base::trim(line.substr(name.size()))};
}

//     mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]
std::variant<mail::sender, mail::status> parse_mail(std::string_view argument, bool dsn,
                                                    const mail::domain& local_host) {
    if (!skip_label(argument, "FROM:")) return mail::status::of(501, "5.5.4", "Syntax: MAIL FROM:<address>");
    auto path = mail::parse_reverse_path(argument, local_host);
    if (!path) return bad_path(argument, "5.1.7", "Invalid sender address");

    static constexpr std::array<std::string_view, 5> keywords = {"SIZE", "BODY", "AUTH", "RET", "ENVID"};
    mail::sender from;
    from.address = std::move(*path);
    const auto take = [&from](std::size_t number, std::string_view value) {
        switch (number) {
            case 0: return take_size(value, from);
            case 1: return take_body(value, from);
            case 2: return mail::xtext_decode(value).has_value();  // RFC 4954 section 5: we trust nobody's word for it
            case 3: return take_ret(value, from);
            default: return take_envelope_id(value, from);
        }
    };
    if (auto no = parse_parameters(argument, std::span(keywords).first(dsn ? 5 : 3), take)) return std::move(*no);
    return from;
}

//     rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]
std::variant<mail::recipient, mail::status> parse_rcpt(std::string_view argument, bool dsn,
                                                       const mail::domain& local_host) {
    if (!skip_label(argument, "TO:")) return mail::status::of(501, "5.5.4", "Syntax: RCPT TO:<address>");
    auto path = mail::parse_forward_path(argument, local_host);
    if (!path) return bad_path(argument, "5.1.3", "Invalid recipient address");

    static constexpr std::array<std::string_view, 2> keywords = {"NOTIFY", "ORCPT"};
    mail::recipient to{std::move(*path), {}, {}};
    const auto take = [&to](std::size_t number, std::string_view value) {
        return number == 0 ? take_notify(value, to) : take_original(value, to);
    };
    if (auto no = parse_parameters(argument, std::span(keywords).first(dsn ? 2 : 0), take)) return std::move(*no);
    return to;
}

}  // namespace waypost::smtp
