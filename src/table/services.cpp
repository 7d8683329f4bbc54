#include "waypost/table/services.hpp"

#include <algorithm>
#include <limits>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::table {

namespace {

constexpr std::size_t max_credentials = 2048;  // OpenSMTPD's LINE_MAX

/// `*` stands for any characters, none and dots included; the case does not count. Goes back to the last `*` only, so
/// the time is at most the product of the lengths.
bool wildcard_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && base::to_lower(pattern[p]) == base::to_lower(text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

/// user+tag@domain in its parts; in a quoted local-part the last @ counts.
struct parts {
    std::string user;    // with its tag
    std::string domain;  // without @
    char tag_delimiter;

    parts(std::string_view address, char delimiter) : tag_delimiter(delimiter) {
        const std::size_t at = address.rfind('@');
        user = base::to_lower(address.substr(0, at));
        if (at != std::string_view::npos) domain = base::to_lower(address.substr(at + 1));
    }
    [[nodiscard]] std::string user_without_tag() const {
        const std::size_t tag = user.find(tag_delimiter);
        return tag == std::string::npos || tag == 0 ? user : user.substr(0, tag);
    }
    [[nodiscard]] bool has_tag() const { return user_without_tag().size() != user.size(); }
};

/// For services that ask only whether something is there: the row if the table has one to say, else the key.
base::result<std::string> row_or_key(std::string_view key, std::string_view row) {
    return std::string(row.empty() ? key : row);
}

std::optional<row_fault> fault_of_empty(std::string_view row, std::string_view hint) {
    if (!base::trim(row).empty()) return std::nullopt;
    return row_fault{"there is no value", std::string(hint)};
}

/// The row, unless its service's judge finds a fault in it.
template <class Service>
base::result<std::string> judged(std::string_view key, std::string_view row) {
    const auto wrong = Service::fault_of(key, row);
    if (wrong && !wrong->warning) return errc::malformed_row;
    return std::string(row);
}

std::string in_quotes(std::string_view text) { return "\"" + base::printable(text, 64) + "\""; }

/// Only the domain of an address may hold wildcards. A `*` in the user is an octet of its name, and hardly meant.
std::optional<row_fault> doubt_about_user(std::string_view address) {
    const std::size_t at = address.rfind('@');
    if (address.substr(0, at).find('*') == std::string_view::npos) return std::nullopt;
    const bool is_anybody = at != std::string_view::npos && address.substr(0, at) == "*";
    return row_fault{in_quotes(address) + " matches nobody: a wildcard stands only in the domain of an address",
                     is_anybody ? "write " + base::printable(address.substr(at), 64) : "write the whole name", true};
}

std::string_view without_root(std::string_view name) {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return name;
}

/// What can match a domain: one of mail, or one in which a `*` stands for something.
bool is_domain_pattern(std::string_view text) {
    std::string name(text);
    if (name.starts_with('[') && name.ends_with(']') && name.find('*') != std::string::npos) return true;
    std::ranges::replace(name, '*', '1');
    return mail::domain::parse(name).has_value();
}

/// What can match an address: [user]@[domain], or a user wherever it is; `<>` is nobody, and `@` everybody.
bool is_address_pattern(std::string_view text) {
    if (text == "<>" || text == "@") return true;
    const std::size_t at = text.rfind('@');
    if (at != std::string_view::npos && !is_domain_pattern(text.substr(at + 1))) return false;
    const std::string_view user = text.substr(0, at);
    return user.empty() ? at != std::string_view::npos : mail::local_part::parse(user).has_value();
}

/// What an address is looked for by: user+tag@domain, user@domain, user+tag, user, @domain, @.
std::vector<std::string> keys_of(const parts& address) {
    const std::string user = address.user_without_tag();
    std::vector<std::string> found;
    if (address.has_tag()) found.push_back(address.user + "@" + address.domain);
    found.push_back(user + "@" + address.domain);
    if (address.has_tag()) found.push_back(address.user);
    found.push_back(user);
    found.push_back("@" + address.domain);
    found.emplace_back("@");
    return found;
}

}  // namespace

/// As it is, and as a row of the DNS is written, with the dot of the root.
std::vector<std::string> domain::candidates(std::string_view name) {
    std::string bare = base::to_lower(without_root(name));
    if (bare.empty() || bare.ends_with('.') || bare.starts_with('[')) return {std::move(bare)};
    std::string rooted = bare + ".";
    return {std::move(bare), std::move(rooted)};
}

bool domain::covers(std::string_view stored, std::string_view name) {
    return wildcard_match(without_root(stored), without_root(name));
}

base::result<std::string> domain::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::optional<row_fault> fault_of_domain(std::string_view key, std::string_view) {
    if (is_domain_pattern(without_root(key))) return std::nullopt;
    return row_fault{in_quotes(key) + " is no domain",
                     "write it like example.org or *.example.org; addresses go with rcpt-to"};
}

std::vector<std::string> credentials::candidates(std::string_view label) { return {base::to_lower(label)}; }

std::optional<row_fault> credentials::fault_of(std::string_view, std::string_view row) {
    const std::size_t colon = row.find(':');
    if (row.empty() || colon == row.size() - 1) return row_fault{"there is no password"};
    if (colon == 0) return row_fault{"there is no user name before the \":\""};
    // A NUL is what separates user and password in AUTH PLAIN, and no login holds any other.
    if (std::ranges::any_of(row, base::is_control)) return row_fault{"there is a control character (a newline?) in it"};
    if (row.size() >= max_credentials) return row_fault{"it is longer than 2047 bytes"};
    return std::nullopt;
}

base::result<credentials::value> credentials::parse(std::string_view key, std::string_view row) {
    if (fault_of(key, row)) return errc::malformed_row;
    const std::size_t colon = row.find(':');
    const std::string_view user = colon == std::string_view::npos ? key : row.substr(0, colon);
    const std::string_view password = colon == std::string_view::npos ? row : row.substr(colon + 1);
    if (user.empty()) return errc::malformed_row;
    return value{std::string(user), base::secret(std::string(password))};
}

std::vector<std::string> netaddr::candidates(std::string_view ip) {
    const auto parsed = net::parse_address(ip);
    if (!parsed) return {base::to_lower(ip)};
    std::vector<std::string> both{parsed->to_string()};
    // fe80::1%lo is known as such, or as fe80::1 on any interface.
    if (const std::size_t scope = both.front().find('%'); scope != std::string::npos) {
        both.push_back(both.front().substr(0, scope));
    }
    return both;
}

bool netaddr::covers(std::string_view stored, std::string_view ip) {
    const auto network = net::cidr::parse(stored);
    if (!network) return false;
    const auto parsed = net::parse_address(ip);
    return parsed && network->contains(*parsed);
}

std::optional<row_fault> netaddr::fault_of(std::string_view key, std::string_view) {
    if (net::cidr::parse(key) || base::iequals(key, "local")) return std::nullopt;
    return row_fault{in_quotes(key) + " is neither an address nor a network",
                     "write it like 192.0.2.0/24 or 2001:db8::/32"};
}

base::result<std::string> netaddr::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::vector<std::string> mailaddr::candidates(std::string_view address) const {
    if (address.empty()) return {"<>", "@"};
    return keys_of(parts(address, tag_delimiter));
}

bool mailaddr::covers(std::string_view stored, std::string_view address) const {
    const parts pattern(stored, tag_delimiter);
    const parts asked(address, tag_delimiter);
    if (!wildcard_match(pattern.domain, asked.domain)) return false;
    if (pattern.user.empty()) return true;
    return pattern.user == (pattern.has_tag() ? asked.user : asked.user_without_tag());
}

std::optional<row_fault> mailaddr::fault_of(std::string_view key, std::string_view) {
    if (is_address_pattern(key)) return doubt_about_user(key);
    return row_fault{in_quotes(key) + " is no address", "write it like user@example.org, @example.org or user"};
}

base::result<std::string> mailaddr::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::vector<std::string> alias::candidates(std::string_view user) const {
    parts of("", tag_delimiter);
    of.user = base::to_lower(user);
    if (of.has_tag()) return {of.user, of.user_without_tag()};
    return {of.user};
}

std::optional<row_fault> alias::fault_of(std::string_view, std::string_view row) {
    return fault_of_empty(row, "write user = \"another, address@example.org\"");
}

base::result<std::string> alias::parse(std::string_view key, std::string_view row) { return judged<alias>(key, row); }

std::vector<std::string> virtual_alias::candidates(std::string_view address) const {
    return keys_of(parts(address, tag_delimiter));
}

std::optional<row_fault> virtual_alias::fault_of(std::string_view key, std::string_view row) {
    if (auto wrong = fault_of_empty(row, "write user@example.org = \"user\"")) return wrong;
    if (key.find('*') == std::string_view::npos) return std::nullopt;
    return row_fault{in_quotes(key) + " matches nobody: virtual addresses know no wildcards",
                     "write @example.org for all of a domain, or @ for all", true};
}

base::result<std::string> virtual_alias::parse(std::string_view key, std::string_view row) {
    return judged<virtual_alias>(key, row);
}

std::vector<std::string> userinfo::candidates(std::string_view user) { return {base::to_lower(user)}; }

namespace {

/// Of today's three fields or the four of 2012, without the name that says nothing new: the user is the one who was
/// asked for.
std::optional<userinfo::value> user_in(std::string_view key, std::string_view row) {
    std::vector<std::string_view> fields;
    while (fields.size() < 3) {
        const std::size_t colon = row.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        fields.push_back(row.substr(0, colon));
        row.remove_prefix(colon + 1);
        if (fields.size() == 2 && row.starts_with('/')) break;  // the home may hold colons
    }
    const auto uid = base::parse_number(fields[fields.size() - 2]);
    const auto gid = base::parse_number(fields.back());
    // The highest number is (uid_t)-1, which means "leave it as it is" to the system: a way to stay root.
    constexpr std::uint64_t highest = std::numeric_limits<unsigned>::max() - 1;
    if (!uid || !gid || *uid > highest || *gid > highest) return std::nullopt;
    if (!row.starts_with('/') || std::ranges::any_of(row, base::is_control)) return std::nullopt;
    return userinfo::value{std::string(key), static_cast<unsigned>(*uid), static_cast<unsigned>(*gid),
                           std::string(row)};
}

}  // namespace

std::optional<row_fault> userinfo::fault_of(std::string_view key, std::string_view row) {
    const auto user = user_in(key, row);
    if (!user) {
        return row_fault{in_quotes(key) + " is no user as written here", "write name = uid:gid:/home/directory"};
    }
    if (!base::is_blank(user->home.back())) return std::nullopt;
    return row_fault{"the home directory of " + in_quotes(key) + " ends in a blank",
                     "remove the blanks at the end of the row", true};
}

base::result<userinfo::value> userinfo::parse(std::string_view key, std::string_view row) {
    auto user = user_in(key, row);
    if (!user) return errc::malformed_row;
    return std::move(*user);
}

std::vector<std::string> source::candidates(std::string_view ip) { return netaddr::candidates(ip); }

std::optional<row_fault> source::fault_of(std::string_view key, std::string_view row) {
    const std::string_view text = row.empty() ? key : row;
    if (net::parse_address(text)) return std::nullopt;
    return row_fault{in_quotes(text) + " is no address to send from",
                     "write an address of this machine, as in 192.0.2.1"};
}

base::result<std::string> source::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::vector<std::string> addrname::candidates(std::string_view ip) { return netaddr::candidates(ip); }

std::optional<row_fault> addrname::fault_of(std::string_view, std::string_view row) {
    if (mail::domain::parse(row)) return std::nullopt;
    return row_fault{in_quotes(row) + " is no host name", "write a row of the form 192.0.2.1 = mail.example.org"};
}

base::result<std::string> addrname::parse(std::string_view key, std::string_view row) {
    return judged<addrname>(key, row);
}

std::vector<std::string> mailaddrmap::candidates(std::string_view user) { return {base::to_lower(user)}; }

std::optional<row_fault> mailaddrmap::fault_of(std::string_view, std::string_view row) {
    if (auto wrong = fault_of_empty(row, "write user = \"user@example.org, @example.net\"")) return wrong;
    for (const std::string_view part : base::split(row, ',')) {
        if (auto doubt = doubt_about_user(base::trim(part))) return doubt;
    }
    return std::nullopt;
}

base::result<std::string> mailaddrmap::parse(std::string_view key, std::string_view row) {
    return judged<mailaddrmap>(key, row);
}

std::vector<std::string> relayhost::candidates(std::string_view name) { return domain::candidates(name); }

bool relayhost::covers(std::string_view stored, std::string_view name) { return domain::covers(stored, name); }

std::optional<row_fault> relayhost::fault_of(std::string_view, std::string_view row) {
    return fault_of_empty(row, "write example.org = smtp://mx.example.net");
}

base::result<std::string> relayhost::parse(std::string_view key, std::string_view row) {
    return judged<relayhost>(key, row);
}

std::vector<std::string> string::candidates(std::string_view text) { return {base::to_lower(text)}; }

base::result<std::string> string::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

}  // namespace waypost::table
