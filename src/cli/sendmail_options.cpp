#include "sendmail_options.hpp"

#include <algorithm>

#include "waypost/base/ascii.hpp"
#include "waypost/mail/header.hpp"
#include "waypost/mail/trace.hpp"

namespace waypost::cli {

namespace {

// Taken with an argument and ignored, for programs that were written for other sendmails.
constexpr std::string_view ignored_with_argument = "ABCDLOXhop";
constexpr std::string_view ignored_alone = "EGJUemnsvx";

std::string to_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 32);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        // A CR that is not part of a CRLF must not be in a message.
        if (c == '\r') continue;
        if (c == '\n') out += '\r';
        out += c;
    }
    if (!out.empty() && out.back() != '\n') out += "\r\n";
    return out;
}

std::string_view until_lone_dot(std::string_view message) {
    for (std::size_t at = 0; at < message.size();) {
        const std::size_t end = std::min(message.find('\n', at), message.size());
        const std::string_view line = message.substr(at, end - at);
        if (line == "." || line == ".\r") return message.substr(0, at);
        at = end + 1;
    }
    return message;
}

bool is_recipient_field(std::string_view name) {
    return base::iequals(name, "To") || base::iequals(name, "Cc") || base::iequals(name, "Bcc");
}

/// A display name, quoted; nothing in it can end the field.
std::string quoted_name(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (base::is_control(c)) continue;
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\" ";
}

std::optional<mail::mailbox> completed(std::string_view address, const mail::domain& host) {
    if (address.find('@') != std::string_view::npos) return mail::mailbox::parse(address);
    const auto local = mail::local_part::parse(address);
    if (!local) return std::nullopt;
    return mail::mailbox{*local, host};
}

std::optional<std::string> set_envelope(const sendmail_options& options, const identity& who,
                                        daemon::submission& made) {
    const std::string from = options.from.empty() ? who.user : options.from;
    if (from != "<>") {
        const auto address = completed(from, who.host);
        if (!address) return "the sender address is not valid: " + base::printable(from);
        made.from.from = mail::reverse_path(*address);
    }
    if (base::iequals(options.ret, "full")) made.from.ret = mail::dsn_return::full;
    if (base::iequals(options.ret, "hdrs")) made.from.ret = mail::dsn_return::headers;
    made.from.envelope_id = options.envelope_id;
    return std::nullopt;
}

std::optional<std::string> add_recipients(const std::vector<std::string>& addresses, const mail::dsn_notify& notify,
                                          const identity& who, daemon::submission& made) {
    for (const std::string& each : addresses) {
        const auto address = completed(each, who.host);
        if (!address) return "a recipient address is not valid: " + base::printable(each);
        const bool known = std::ranges::any_of(made.to, [&](const mail::recipient& to) { return to.to == *address; });
        if (!known) made.to.push_back({.to = *address, .notify = notify, .original = {}});
    }
    return std::nullopt;
}

std::string missing_fields(const sendmail_options& options, const identity& who, const mail::header_section& header,
                           const mail::reverse_path& from) {
    const auto has = [&](std::string_view name) {
        return std::ranges::any_of(header.fields, [&](const auto& field) { return base::iequals(field.name, name); });
    };
    std::string out;
    if (!has("From")) {
        const std::string& name = options.full_name.empty() ? who.full_name : options.full_name;
        const auto self = completed(who.user, who.host);
        const std::string user = self ? self->text() : "postmaster@" + who.host.text();
        const std::string address = from.is_null() ? user : from.text();
        out += "From: " + (name.empty() ? std::string() : quoted_name(name)) + "<" + address + ">\r\n";
    }
    if (!has("Date")) out += "Date: " + mail::format_date(who.now) + "\r\n";
    if (!has("Message-ID")) out += "Message-ID: <" + who.unique + "@" + who.host.text() + ">\r\n";
    return out;
}

}  // namespace

namespace {

bool is_one_of(char letter, std::string_view letters) { return letters.find(letter) != std::string_view::npos; }

/// An option with a value; which have one is known to the caller.
void set_option(sendmail_options& options, char letter, const std::string& value) {
    switch (letter) {
        case 'f':
        case 'r': options.from = value.empty() ? "<>" : value; break;
        case 'F': options.full_name = value; break;
        case 'N': options.notify = value; break;
        case 'R': options.ret = value; break;
        case 'V': options.envelope_id = value; break;
        default: break;  // one that is ignored
    }
}

/// One word of options: letters without a value may stand together, the first that has one takes the rest of the word
/// or the next argument. A text says what is wrong.
std::optional<std::string> read_word(sendmail_options& options, const std::vector<std::string>& arguments,
                                     std::size_t& at) {
    const std::string word = arguments[at];
    for (std::size_t i = 1; i < word.size(); ++i) {
        const char letter = word[i];
        if (letter == 't') {
            options.recipients_from_header = true;
        } else if (letter == 'i') {
            options.dot_is_text = true;
        } else if (is_one_of(letter, "fFrNRV") || is_one_of(letter, ignored_with_argument)) {
            std::string value = word.substr(i + 1);
            if (value.empty() && ++at < arguments.size()) value = arguments[at];
            if (at >= arguments.size()) return "option -" + std::string(1, letter) + " needs a value";
            set_option(options, letter, value);
            return std::nullopt;
        } else if (!is_one_of(letter, ignored_alone)) {
            return "unknown option " + base::printable(word);
        }
    }
    return std::nullopt;
}

}  // namespace

std::variant<sendmail_options, std::string> parse_sendmail_options(const std::vector<std::string>& arguments) {
    sendmail_options options;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const std::string& argument = arguments[at];
        if (argument == "--") {
            options.recipients.insert(options.recipients.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                                      arguments.end());
            break;
        }
        if (argument.size() < 2 || argument.front() != '-') {
            options.recipients.push_back(argument);
        } else if (argument == "-oi") {
            options.dot_is_text = true;
        } else if (argument == "-bi" || argument == "-I") {
            options.only_aliases = true;
        } else if (argument == "-bm") {
            continue;  // what it does anyway
        } else if (argument[1] == 'b' || argument[1] == 'q') {
            return "option " + base::printable(argument) + " is not built yet";
        } else if (auto wrong = read_word(options, arguments, at)) {
            return *wrong;
        }
    }
    return options;
}

std::variant<daemon::submission, std::string> make_submission(const sendmail_options& options, std::string_view message,
                                                              const identity& who) {
    daemon::submission made;
    if (!options.dot_is_text) message = until_lone_dot(message);
    if (message.find('\0') != std::string_view::npos) return "the message has a NUL byte";
    if (auto wrong = set_envelope(options, who, made)) return *wrong;

    const auto notify = mail::notify_from_text(options.notify);
    if (!notify) return "-N takes NEVER, or SUCCESS, FAILURE and DELAY with commas";
    if (auto wrong = add_recipients(options.recipients, *notify, who, made)) return *wrong;

    const mail::header_section header = mail::parse_header(message);
    std::string fields;
    for (const mail::header_field& field : header.fields) {
        if (options.recipients_from_header && is_recipient_field(field.name)) {
            const mail::address_list list = mail::parse_address_list(field.value);
            if (!list.bad.empty())
                return "the header has an address that is not valid: " + base::printable(list.bad.front());
            if (auto wrong = add_recipients(list.addresses, *notify, who, made)) return *wrong;
            if (base::iequals(field.name, "Bcc")) continue;
        }
        fields += field.whole;
    }
    if (made.to.empty()) return "no recipients";
    made.content =
        missing_fields(options, who, header, made.from.from) + to_crlf(fields) + "\r\n" + to_crlf(header.body);
    made.from.eight_bit = std::ranges::any_of(made.content, [](char c) { return static_cast<unsigned char>(c) > 127; });
    return made;
}

}  // namespace waypost::cli
