// What keys and rows mean: one type a service, with the keys to try in their order, the patterns that may cover a key,
// and the value that a row stands for (opensmtpd's services of the same names). A pattern can be looked for in two
// ways: `covers` judges a stored one, and `patterns` lists all those that could be stored, for backends asked by key.
//
// fault_of() says why a row cannot be used; parse() refuses just those.
//
//     auto who = co_await find<credentials>(table, "label");
//     auto to = co_await find(alias{.tag_delimiter = '-'}, table, "user-tag");
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waypost/base/result.hpp"
#include "waypost/base/secret.hpp"
#include "waypost/mail/mailbox.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table {

/// Is this domain in the table? Stored keys may hold `*` wildcards.
struct domain {
    static constexpr service kind = service::domain;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view name);
    static std::vector<std::string> patterns(std::string_view name);
    static bool covers(std::string_view stored, std::string_view name);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// `user:password` under a label or a user name; a row without a colon is a password for the key itself.
struct credentials {
    static constexpr service kind = service::credentials;
    struct value {
        std::string user;
        base::secret password;
    };
    static std::vector<std::string> candidates(std::string_view label);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// Is this address in the table? Stored keys are addresses and networks, and "local" for Unix sockets.
struct netaddr {
    static constexpr service kind = service::netaddr;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view ip);
    static std::vector<std::string> patterns(std::string_view ip);
    static bool covers(std::string_view stored, std::string_view ip);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// Is this mail address in the table? user+tag@dom, user@dom, user+tag, user (at any domain), @dom, @ (all); stored
/// keys may hold wildcards in the domain, `user@*.dom`. The null reverse-path is the key "", and stored as `<>`.
struct mailaddr {
    static constexpr service kind = service::mailaddr;
    using value = std::string;
    char tag_delimiter = '+';  // `smtp sub-addr-delim`
    [[nodiscard]] std::vector<std::string> candidates(std::string_view address) const;
    [[nodiscard]] std::vector<std::string> patterns(std::string_view address) const;
    [[nodiscard]] bool covers(std::string_view stored, std::string_view address) const;
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// What a user name expands to: user+tag, user.
struct alias {
    static constexpr service kind = service::alias;
    using value = std::string;
    char tag_delimiter = '+';  // `smtp sub-addr-delim`
    [[nodiscard]] std::vector<std::string> candidates(std::string_view user) const;
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// What an address of a virtual domain expands to: user+tag@dom, user@dom, user+tag, user, @dom, @.
struct virtual_alias {
    static constexpr service kind = service::alias;
    using value = std::string;
    char tag_delimiter = '+';  // `smtp sub-addr-delim`
    [[nodiscard]] std::vector<std::string> candidates(std::string_view address) const;
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// Who a user is on this machine: `uid:gid:home`, or `name:uid:gid:home` as in 2012. The home is an absolute path.
struct userinfo {
    static constexpr service kind = service::userinfo;
    struct value {
        std::string name;
        unsigned uid = 0;
        unsigned gid = 0;
        std::string home;
    };
    static std::vector<std::string> candidates(std::string_view user);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// An address to send from. Mostly fetched; asked for by key, it is there or not.
struct source {
    static constexpr service kind = service::source;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view ip);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// The host name that goes with an address of this machine.
struct addrname {
    static constexpr service kind = service::addrname;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view ip);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// The mail addresses that a user may send as, with commas between them.
struct mailaddrmap {
    static constexpr service kind = service::mailaddrmap;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view user);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// The relay URL for a destination; stored keys may hold `*` wildcards.
struct relayhost {
    static constexpr service kind = service::relayhost;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view domain);
    static std::vector<std::string> patterns(std::string_view domain);
    static bool covers(std::string_view stored, std::string_view domain);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// Is this text there?
struct string {
    static constexpr service kind = service::string;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view text);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// Does any of these POSIX extended expressions match? `(?i)` in front: whatever the case. An expression sees the text
/// as it is and folded to lower case (which is all that OpenSMTPD shows it). Text with a NUL in it is matched by none.
struct regex {
    static constexpr service kind = service::regex;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view text);  // none
    /// The text itself: a backend without patterns of ours has to do the matching.
    static std::vector<std::string> patterns(std::string_view text);
    static bool covers(std::string_view stored, std::string_view text);
    static std::optional<row_fault> fault_of(std::string_view key, std::string_view row);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// The judge of a domain in a list of recipients' domains, where an address is a mistake.
[[nodiscard]] std::optional<row_fault> fault_of_domain(std::string_view key, std::string_view row);
/// What is wrong with an expression, in the system's words; nothing if it is good.
[[nodiscard]] std::optional<std::string> fault_of_regex(std::string_view expression);
[[nodiscard]] inline bool is_valid_regex(std::string_view expression) { return !fault_of_regex(expression); }

/// The value of a row that was found; one that cannot be used is told of.
template <class Service>
base::result<std::optional<typename Service::value>> value_of(table& rows, std::string_view key, std::string_view row) {
    auto parsed = Service::parse(key, row);
    if (parsed.has_value()) return std::optional(std::move(*parsed));
    if constexpr (requires { Service::fault_of(key, row); }) {
        if (const auto wrong = Service::fault_of(key, row)) rows.complain(key, wrong->text);
    }
    return parsed.error();
}

/// The first candidate that is there or, where the service knows patterns, the first stored pattern that covers the
/// key. A backend that holds no patterns is asked for all that there could be, in the same round trip: the nearest
/// first.
template <class Service>
async::awaitable<base::result<std::optional<typename Service::value>>> find(Service service_type, table& rows,
                                                                            std::string key) {
    using answer = base::result<std::optional<typename Service::value>>;
    constexpr bool has_patterns = requires { service_type.patterns(std::string_view()); };
    std::vector<std::string> keys = service_type.candidates(key);
    if constexpr (has_patterns) {
        if (!rows.holds_patterns()) std::ranges::move(service_type.patterns(key), std::back_inserter(keys));
    }
    if (!keys.empty()) {
        auto row = co_await rows.lookup_first(Service::kind, std::move(keys));
        if (row.has_error()) co_return row.error();
        if (row->has_value()) co_return value_of<Service>(rows, (**row).key, (**row).row);
    }
    if constexpr (has_patterns) {
        if (rows.holds_patterns()) {
            const pattern_match covers = [&](std::string_view stored) { return service_type.covers(stored, key); };
            auto row = co_await rows.lookup_pattern(Service::kind, covers);
            if (row.has_error()) co_return row.error();
            if (row->has_value()) co_return value_of<Service>(rows, key, **row);
        }
    }
    co_return answer(std::nullopt);
}

/// The same, as the service is by default.
template <class Service>
async::awaitable<base::result<std::optional<typename Service::value>>> find(table& rows, std::string key) {
    return find(Service{}, rows, std::move(key));
}

}  // namespace waypost::table
