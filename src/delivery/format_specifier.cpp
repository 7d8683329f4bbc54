#include "format_specifier.hpp"

#include <algorithm>
#include <charconv>

#include "waypost/base/ascii.hpp"

namespace waypost::delivery {
namespace {

using specifier = format::specifier;

struct known_name {
    std::string_view name;
    specifier::origin value;
    specifier::part extent;
};

constexpr known_name names[] = {
    {"sender", specifier::origin::sender, specifier::part::whole},
    {"sender.user", specifier::origin::sender, specifier::part::user},
    {"sender.domain", specifier::origin::sender, specifier::part::domain},
    {"rcpt", specifier::origin::rcpt, specifier::part::whole},
    {"rcpt.user", specifier::origin::rcpt, specifier::part::user},
    {"rcpt.domain", specifier::origin::rcpt, specifier::part::domain},
    {"dest", specifier::origin::dest, specifier::part::whole},
    {"dest.user", specifier::origin::dest, specifier::part::user},
    {"dest.domain", specifier::origin::dest, specifier::part::domain},
    {"user.username", specifier::origin::username, specifier::part::whole},
    {"user.directory", specifier::origin::directory, specifier::part::whole},
    {"mbox.from", specifier::origin::mbox_from, specifier::part::whole},
};

bool take_number(std::string_view& text, std::ptrdiff_t& limit) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (wrong != std::errc() || std::abs(limit) > static_cast<std::ptrdiff_t>(format::longest)) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

/// N or [N]:[N], without the brackets.
bool read_part(std::string_view text, specifier& specifier) {
    const bool has_first = !text.starts_with(':');
    if (has_first && !take_number(text, specifier.first)) return false;
    if (text.empty()) return specifier.is_single = has_first;
    if (text.front() != ':') return false;
    text.remove_prefix(1);
    if (!text.empty() && (!take_number(text, specifier.last.emplace()) || !text.empty())) return false;
    // Of two places from the same end the order is known now.
    return !specifier.last || (specifier.first < 0) != (*specifier.last < 0) || specifier.first <= *specifier.last;
}

bool read_modifier(std::string_view name, specifier& specifier) {
    if (base::iequals(name, "lowercase")) {
        specifier.letter_case = specifier::letters::lower;
    } else if (base::iequals(name, "uppercase")) {
        specifier.letter_case = specifier::letters::upper;
    } else if (base::iequals(name, "strip")) {
        specifier.strip = true;
    } else if (base::iequals(name, "raw")) {
        specifier.raw = true;
    } else {
        return false;
    }
    return true;
}

std::string text_of(const std::optional<mail::mailbox>& mailbox, specifier::part part) {
    if (!mailbox) return {};
    switch (part) {
        case specifier::part::user: return mailbox->local.value();
        case specifier::part::domain: return mailbox->host.text();
        case specifier::part::whole: break;
    }
    return mailbox->text();
}

std::string plain_value(const specifier& specifier, const format_values& values) {
    switch (specifier.value) {
        case specifier::origin::sender: return text_of(values.sender.address(), specifier.extent);
        case specifier::origin::rcpt: return text_of(values.rcpt, specifier.extent);
        case specifier::origin::dest: return text_of(values.dest, specifier.extent);
        case specifier::origin::username: return values.username;
        case specifier::origin::directory: return values.directory;
        case specifier::origin::mbox_from: break;
    }
    return values.sender.is_null() ? "MAILER-DAEMON" : values.sender.text();
}

/// gilles+hackers@poolp.org -> gilles@poolp.org; only a whole address has a domain.
void strip_tag(std::string& text, char delimiter, bool is_address) {
    const std::size_t tag = text.find(delimiter);
    const std::size_t domain = is_address ? text.rfind('@') : text.size();
    if (tag == std::string::npos || tag > domain) return;
    text.replace(tag, domain - tag, is_address && text.starts_with('"') ? "\"" : "");
}

/// In an argument: atext of RFC 5322 without what any shell or language gives a meaning, without the '/' of the name of
/// a file, and with the two marks that an address has besides. UTF-8 is not in it: what is a quote or a blank there is
/// another program's to decide.
bool is_allowed(char c, format::use place) {
    if (place == format::use::in_argument)
        return base::is_alnum(c) || std::string_view("-+=^_@.").find(c) != std::string_view::npos;
    return std::string_view("!#$%&'*?`{|}~").find(c) == std::string_view::npos;
}

base::result<std::string> cut(const specifier& specifier, std::string text) {
    const auto size = static_cast<std::ptrdiff_t>(text.size());
    if (size == 0) return text;
    const std::ptrdiff_t first = specifier.first < 0 ? specifier.first + size : specifier.first;
    std::ptrdiff_t last = size - 1;
    if (specifier.is_single) last = first;
    // As in OpenSMTPD -4 leaves the last four out, so that [0:-4] and [-4:] meet.
    if (specifier.last) last = std::min(last, *specifier.last < 0 ? *specifier.last + size - 1 : *specifier.last);
    if (first < 0 || first >= size || last < first) return format_errc::no_such_part;
    return text.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1));
}

}  // namespace

std::variant<specifier, format_fault> parse_specifier(std::string_view inside) {
    const std::string shown = "%{" + base::printable(inside, 64) + "}";
    const std::size_t name_ends = std::min(inside.find_first_of("[:"), inside.size());
    const std::string_view name = inside.substr(0, name_ends);
    if (base::iequals(name, "mda")) return format_fault{0, shown + " is for a wrapper", "write the command itself"};
    const auto* const found =
        std::ranges::find_if(names, [&](const auto& entry) { return base::iequals(entry.name, name); });
    if (found == std::end(names)) {
        return format_fault{0, "unknown format specifier " + shown,
                            "write %{sender}, %{rcpt} or %{dest}, also with .user or .domain, %{user.username}, "
                            "%{user.directory} or %{mbox.from}"};
    }
    specifier made;
    made.value = found->value;
    made.extent = found->extent;
    std::string_view rest = inside.substr(name_ends);
    if (rest.starts_with('[')) {
        const std::size_t ends = rest.find(']');
        if (ends == std::string_view::npos || !read_part(rest.substr(1, ends - 1), made)) {
            return format_fault{name_ends, "no part can be read in " + shown,
                                "write it like [0], [0:3], [-3:] or [:-3]"};
        }
        rest.remove_prefix(ends + 1);
    }
    if (rest.empty()) return made;
    const std::size_t modifiers_at = inside.size() - rest.size() + 1;
    if (rest.front() != ':')
        return format_fault{modifiers_at - 1, "something follows the part in " + shown, "remove it"};
    for (const std::string_view one : base::split(rest.substr(1), '|')) {
        if (read_modifier(one, made)) continue;
        return format_fault{modifiers_at, "unknown modifier in " + shown,
                            "write lowercase, uppercase, strip or raw, with | between two of them"};
    }
    return made;
}

base::result<std::string> value_of(const specifier& specifier, const format_values& values, format::use place) {
    std::string text = plain_value(specifier, values);
    if (text.size() > format::longest) return format_errc::too_long;
    const bool is_address = specifier.extent == specifier::part::whole &&
                            specifier.value != specifier::origin::username &&
                            specifier.value != specifier::origin::directory && text.find('@') != std::string::npos;
    if (specifier.strip) strip_tag(text, values.tag_delimiter, is_address);
    if (specifier.letter_case == specifier::letters::lower)
        std::ranges::transform(text, text.begin(), [](char c) { return base::to_lower(c); });
    if (specifier.letter_case == specifier::letters::upper)
        std::ranges::transform(text, text.begin(), [](char c) { return base::to_upper(c); });
    // The home is the administrator's word.
    if (!specifier.raw && specifier.value != specifier::origin::directory) {
        std::ranges::replace_if(text, [&](char c) { return !is_allowed(c, place); }, ':');
    }
    return cut(specifier, std::move(text));
}

}  // namespace waypost::delivery
