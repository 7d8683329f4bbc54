#include "sendmail_message.hpp"

#include <sysexits.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/mail/header.hpp"

namespace waypost::cli {

namespace {

using fault = std::optional<sendmail_fault>;

std::string to_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 32);
    for (const char c : text) {
        // A CR that is not part of a CRLF must not be in a message.
        if (c == '\r') continue;
        if (c == '\n') out += '\r';
        out += c;
    }
    if (!out.empty() && out.back() != '\n') out += "\r\n";
    return out;
}

std::string_view until_lone_dot(std::string_view message) {
    for (std::size_t begin = 0; begin < message.size();) {
        const std::size_t end = std::min(message.find('\n', begin), message.size());
        const std::string_view line = message.substr(begin, end - begin);
        if (line == "." || line == ".\r") return message.substr(0, begin);
        begin = end + 1;
    }
    return message;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

/// Encoded words (RFC 2047) of at most 75 octets, none of which cuts a character of UTF-8 in two.
std::string encoded_words(std::string_view name) {
    constexpr std::size_t most_octets = 45;
    std::string out;
    while (!name.empty()) {
        std::size_t size = std::min(name.size(), most_octets);
        while (size > most_octets - 4 && size < name.size() && continues_character(name[size])) --size;
        out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base::base64_encode(name.substr(0, size)) + "?=";
        name.remove_prefix(size);
    }
    return out;
}

/// A display name: quoted, or encoded where it is not ASCII, so that it does not make a message one of eight bits.
/// Nothing in it can end the field.
std::string display_name(std::string_view name) {
    std::string shown;
    std::ranges::copy_if(name, std::back_inserter(shown), [](char c) { return !base::is_control(c); });
    if (!is_ascii(shown)) return encoded_words(shown) + " ";
    std::string quoted = "\"";
    for (const char c : shown) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "\" ";
}

std::optional<draft::address> parse_address(std::string_view text) {
    if (auto full = mail::mailbox::parse(text)) return draft::address{std::move(full->local), std::move(full->host)};
    if (auto local = mail::local_part::parse(text)) return draft::address{std::move(*local), std::nullopt};
    return std::nullopt;
}

/// An argument is one line: a list that would be folded over several in a header stands in one here.
bool has_line_end(std::string_view argument) {
    return argument.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

fault set_sender(const sendmail_options& options, const caller& user, draft& made) {
    if (base::trim(options.sender) == "<>") return std::nullopt;
    if (options.sender.empty()) {
        made.from = parse_address(user.user);
    } else if (const mail::address_list given = mail::parse_address_list(options.sender);
               given.bad.empty() && given.addresses.size() == 1 && !has_line_end(options.sender)) {
        made.from = parse_address(given.addresses.front());
    }
    if (made.from) return std::nullopt;
    const std::string& shown = options.sender.empty() ? user.user : options.sender;
    return sendmail_fault{EX_USAGE, "the sender address is not valid: " + base::printable(shown)};
}

/// The addresses of a list; a text names the first that is none.
std::optional<std::string> add_recipients(std::string_view list, draft& made) {
    const mail::address_list parsed = mail::parse_address_list(list);
    if (!parsed.bad.empty()) return parsed.bad.front();
    for (const std::string& each : parsed.addresses) {
        if (auto address = parse_address(each)) made.to.push_back(std::move(*address));
    }
    return std::nullopt;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view text) { return base::iequals(name, text); });
}

bool names_resent_recipients(const mail::header_field& field) {
    return is_one_of(field.name, {"Resent-To", "Resent-Cc", "Resent-Bcc"});
}

/// The Resent-To, -Cc and -Bcc fields of the newest block that has any. Each resending puts its block in front, and no
/// name stands twice in one.
std::vector<mail::header_field> resent_recipients(const std::vector<mail::header_field>& fields) {
    std::vector<mail::header_field> recipients;
    std::set<std::string> names;  // of the block so far
    for (const mail::header_field& field : fields) {
        const bool continues =
            base::istarts_with(field.name, "Resent-") && names.insert(base::to_lower(field.name)).second;
        if (!continues) {
            if (!recipients.empty()) break;
            names.clear();
            if (base::istarts_with(field.name, "Resent-")) names.insert(base::to_lower(field.name));
        }
        if (names_resent_recipients(field)) recipients.push_back(field);
    }
    return recipients;
}

std::vector<mail::header_field> recipient_fields(const std::vector<mail::header_field>& fields) {
    std::vector<mail::header_field> recipients = resent_recipients(fields);
    if (!recipients.empty()) return recipients;
    std::ranges::copy_if(fields, std::back_inserter(recipients),
                         [](const auto& field) { return is_one_of(field.name, {"To", "Cc", "Bcc"}); });
    return recipients;
}

fault set_recipients(const sendmail_options& options, const mail::header_section& header, draft& made) {
    for (const std::string& each : options.recipients) {
        const auto bad = has_line_end(each) ? base::printable(each, 128) : add_recipients(each, made);
        if (bad) return sendmail_fault{EX_USAGE, "a recipient address is not valid: " + *bad};
    }
    if (options.recipients_from_header) {
        for (const mail::header_field& field : recipient_fields(header.fields)) {
            if (auto bad = add_recipients(field.value, made))
                return sendmail_fault{EX_DATAERR, "the header has an address that is not valid: " + *bad};
        }
    }
    if (made.to.empty()) return sendmail_fault{EX_USAGE, "no recipients"};
    return std::nullopt;
}

fault set_report_wishes(const sendmail_options& options, draft& made) {
    const auto notify = mail::notify_from_text(options.notify);
    if (!notify) return sendmail_fault{EX_USAGE, "-N takes NEVER, or SUCCESS, FAILURE and DELAY with commas"};
    made.notify = *notify;
    if (base::iequals(options.ret, "full")) made.ret = mail::dsn_return::full;
    if (base::iequals(options.ret, "hdrs")) made.ret = mail::dsn_return::headers;
    made.envelope_id = options.envelope_id;
    return std::nullopt;
}

std::optional<draft::author> author_of(const sendmail_options& options, const mail::header_section& header,
                                       const caller& user, const draft& made) {
    const bool has_author =
        std::ranges::any_of(header.fields, [](const auto& field) { return base::iequals(field.name, "From"); });
    const std::string& full_name = options.full_name.empty() ? user.full_name : options.full_name;
    if (has_author || (full_name.empty() && made.from)) return std::nullopt;
    auto address = made.from ? made.from : parse_address(user.user);
    if (!address) return std::nullopt;
    return draft::author{full_name, std::move(*address)};
}

mail::mailbox mailbox_of(const draft::address& address, const mail::domain& host) {
    return {address.local, address.host.value_or(host)};
}

std::string from_field(const draft::author& author, const mail::domain& host) {
    const std::string name = author.full_name.empty() ? std::string() : display_name(author.full_name);
    return "From: " + name + "<" + mailbox_of(author.mailbox, host).text() + ">\r\n";
}

}  // namespace

std::variant<draft, sendmail_fault> make_draft(const sendmail_options& options, std::string_view message,
                                               const caller& user) {
    if (!options.dot_is_text) message = until_lone_dot(message);
    if (message.find('\0') != std::string_view::npos) return sendmail_fault{EX_DATAERR, "the message has a NUL byte"};
    const mail::header_section header = mail::parse_header(message);
    draft made;
    if (auto wrong = set_sender(options, user, made)) return *wrong;
    if (auto wrong = set_report_wishes(options, made)) return *wrong;
    if (auto wrong = set_recipients(options, header, made)) return *wrong;

    made.written_by = author_of(options, header, user, made);
    std::string fields;
    for (const mail::header_field& field : header.fields) fields += field.whole;
    made.content = to_crlf(fields) + "\r\n" + to_crlf(header.body);
    return made;
}

submission complete(draft message, const mail::domain& host) {
    submission made;
    made.content = std::move(message.content);
    if (message.from) made.sender.address = mail::reverse_path(mailbox_of(*message.from, host));
    if (message.written_by) made.content.insert(0, from_field(*message.written_by, host));
    std::set<mail::mailbox> known;
    for (const draft::address& each : message.to) {
        const mail::mailbox address = mailbox_of(each, host);
        if (known.insert(address).second)
            made.recipients.push_back({.address = address, .notify = message.notify, .original = {}});
    }
    made.sender.ret = message.ret;
    made.sender.envelope_id = std::move(message.envelope_id);
    made.sender.eight_bit = !is_ascii(made.content);
    return made;
}

}  // namespace waypost::cli
