// What keys and rows mean: one type a service, with the keys to try in their order, the patterns that may cover a key,
// and the value that a row stands for (opensmtpd's services of the same names).
//
//     auto who = co_await find<credentials>(table, "label");
#pragma once

#include <optional>
#include <string>
#include <string_view>
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
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// Is this address in the table? Stored keys are addresses and networks, and "local" for Unix sockets.
struct netaddr {
    static constexpr service kind = service::netaddr;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view ip);
    static bool covers(std::string_view stored, std::string_view ip);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// Is this mail address in the table? user+tag@dom, user@dom, user+tag, user (at any domain), @dom, @ (all); stored
/// keys may hold wildcards in the domain, `user@*.dom`. The null reverse-path is the key "", and stored as `<>`.
struct mailaddr {
    static constexpr service kind = service::mailaddr;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view address);
    static bool covers(std::string_view stored, std::string_view address);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// What a user name expands to: user+tag, user.
struct alias {
    static constexpr service kind = service::alias;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view user);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// What an address of a virtual domain expands to: user+tag@dom, user@dom, user+tag, user, @dom, @.
struct virtual_alias {
    static constexpr service kind = service::alias;
    using value = std::string;
    static std::vector<std::string> candidates(std::string_view address);
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
    static bool covers(std::string_view stored, std::string_view text);
    static base::result<value> parse(std::string_view key, std::string_view row);
};

/// What is wrong with an expression, in the system's words; nothing if it is good.
[[nodiscard]] std::optional<std::string> fault_of_regex(std::string_view expression);
[[nodiscard]] inline bool is_valid_regex(std::string_view expression) { return !fault_of_regex(expression); }

/// The first candidate that is there or, where the service knows patterns, the first stored pattern that covers the
/// key.
template <class Service>
async::awaitable<base::result<std::optional<typename Service::value>>> find(table& rows, std::string key) {
    using answer = base::result<std::optional<typename Service::value>>;
    for (std::string& candidate : Service::candidates(key)) {
        auto row = co_await rows.lookup(Service::kind, candidate);
        if (row.has_error()) co_return row.error();
        if (!row->has_value()) continue;
        auto parsed = Service::parse(candidate, **row);
        if (parsed.has_error()) co_return parsed.error();
        co_return answer(std::move(*parsed));
    }
    if constexpr (requires { Service::covers(std::string_view(), std::string_view()); }) {
        const pattern_match covers = [&key](std::string_view stored) { return Service::covers(stored, key); };
        auto row = co_await rows.lookup_pattern(Service::kind, covers);
        if (row.has_error()) co_return row.error();
        if (row->has_value()) {
            auto parsed = Service::parse(key, **row);
            if (parsed.has_error()) co_return parsed.error();
            co_return answer(std::move(*parsed));
        }
    }
    co_return answer(std::nullopt);
}

}  // namespace waypost::table
