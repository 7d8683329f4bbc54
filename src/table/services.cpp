#include "waypost/table/services.hpp"

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

base::result<std::string> not_empty(std::string_view row) {
    if (base::trim(row).empty()) return errc::malformed_row;
    return std::string(row);
}

std::string_view without_root(std::string_view name) {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return name;
}

}  // namespace

std::vector<std::string> domain::candidates(std::string_view name) { return {base::to_lower(without_root(name))}; }

bool domain::covers(std::string_view stored, std::string_view name) {
    return wildcard_match(stored, without_root(name));
}

base::result<std::string> domain::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::vector<std::string> credentials::candidates(std::string_view label) { return {base::to_lower(label)}; }

base::result<credentials::value> credentials::parse(std::string_view key, std::string_view row) {
    // No NUL: it is what separates user and password in AUTH PLAIN.
    if (row.size() >= max_credentials || row.find('\0') != std::string_view::npos) return errc::malformed_row;
    const std::size_t colon = row.find(':');
    const std::string_view user = colon == std::string_view::npos ? key : row.substr(0, colon);
    const std::string_view password = colon == std::string_view::npos ? row : row.substr(colon + 1);
    if (user.empty() || password.empty()) return errc::malformed_row;
    return value{std::string(user), base::secret(std::string(password))};
}

std::vector<std::string> netaddr::candidates(std::string_view ip) {
    if (const auto parsed = net::parse_address(ip)) return {parsed->to_string()};
    return {base::to_lower(ip)};
}

bool netaddr::covers(std::string_view stored, std::string_view ip) {
    const auto network = net::cidr::parse(stored);
    if (!network) return false;
    const auto parsed = net::parse_address(ip);
    return parsed && network->contains(*parsed);
}

base::result<std::string> netaddr::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::vector<std::string> mailaddr::candidates(std::string_view address) const {
    if (address.empty()) return {"<>", "@"};
    const parts of(address, tag_delimiter);
    const std::string user = of.user_without_tag();
    std::vector<std::string> found;
    if (of.has_tag()) found.push_back(of.user + "@" + of.domain);
    found.push_back(user + "@" + of.domain);
    if (of.has_tag()) found.push_back(of.user);
    found.push_back(user);
    found.push_back("@" + of.domain);
    found.emplace_back("@");
    return found;
}

bool mailaddr::covers(std::string_view stored, std::string_view address) const {
    const parts pattern(stored, tag_delimiter);
    const parts asked(address, tag_delimiter);
    if (!wildcard_match(pattern.domain, asked.domain)) return false;
    if (pattern.user.empty()) return true;
    return pattern.user == (pattern.has_tag() ? asked.user : asked.user_without_tag());
}

base::result<std::string> mailaddr::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::vector<std::string> alias::candidates(std::string_view user) const {
    parts of("", tag_delimiter);
    of.user = base::to_lower(user);
    if (of.has_tag()) return {of.user, of.user_without_tag()};
    return {of.user};
}

base::result<std::string> alias::parse(std::string_view, std::string_view row) { return not_empty(row); }

std::vector<std::string> virtual_alias::candidates(std::string_view address) const {
    const parts of(address, tag_delimiter);
    const std::string user = of.user_without_tag();
    std::vector<std::string> found;
    if (of.has_tag()) found.push_back(of.user + "@" + of.domain);
    found.push_back(user + "@" + of.domain);
    if (of.has_tag()) found.push_back(of.user);
    found.push_back(user);
    found.push_back("@" + of.domain);
    found.emplace_back("@");
    return found;
}

base::result<std::string> virtual_alias::parse(std::string_view, std::string_view row) { return not_empty(row); }

std::vector<std::string> userinfo::candidates(std::string_view user) { return {base::to_lower(user)}; }

base::result<userinfo::value> userinfo::parse(std::string_view key, std::string_view row) {
    std::vector<std::string_view> fields;
    while (fields.size() < 3) {
        const std::size_t colon = row.find(':');
        if (colon == std::string_view::npos) return errc::malformed_row;
        fields.push_back(row.substr(0, colon));
        row.remove_prefix(colon + 1);
        if (fields.size() == 2 && row.starts_with('/')) break;  // today's three fields; the home may hold colons
    }
    // The name of 2012 in front says nothing new: the user is the one who was asked for.
    const auto uid = base::parse_number(fields[fields.size() - 2]);
    const auto gid = base::parse_number(fields.back());
    // The highest number is (uid_t)-1, which means "leave it as it is" to the system: a way to stay root.
    constexpr std::uint64_t highest = std::numeric_limits<unsigned>::max() - 1;
    if (!uid || !gid || *uid > highest || *gid > highest) return errc::malformed_row;
    if (!row.starts_with('/') || row.find('\0') != std::string_view::npos) return errc::malformed_row;
    return value{std::string(key), static_cast<unsigned>(*uid), static_cast<unsigned>(*gid), std::string(row)};
}

std::vector<std::string> source::candidates(std::string_view ip) { return netaddr::candidates(ip); }

base::result<std::string> source::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

std::vector<std::string> addrname::candidates(std::string_view ip) { return netaddr::candidates(ip); }

base::result<std::string> addrname::parse(std::string_view, std::string_view row) { return not_empty(row); }

std::vector<std::string> mailaddrmap::candidates(std::string_view user) { return {base::to_lower(user)}; }

base::result<std::string> mailaddrmap::parse(std::string_view, std::string_view row) { return not_empty(row); }

std::vector<std::string> relayhost::candidates(std::string_view name) { return domain::candidates(name); }

bool relayhost::covers(std::string_view stored, std::string_view name) { return domain::covers(stored, name); }

base::result<std::string> relayhost::parse(std::string_view, std::string_view row) { return not_empty(row); }

std::vector<std::string> string::candidates(std::string_view text) { return {base::to_lower(text)}; }

base::result<std::string> string::parse(std::string_view key, std::string_view row) { return row_or_key(key, row); }

}  // namespace waypost::table
