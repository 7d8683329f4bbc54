// A table: what the administrator put somewhere, asked by key. Every question that the daemon has goes through this
// interface, so where the answer lies (the configuration, a file, a database) is the administrator's business.
//
// A backend knows storage and nothing of mail: text in, text out. What a key and a row mean is the service's
// (services.hpp). "Not there" is an empty optional; "could not ask" is an error, and the mail or the client it concerns
// is told to try later.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"

namespace waypost::table {

/// What a question is about; a backend may keep different answers for each.
enum class service {
    alias,
    domain,
    credentials,
    netaddr,
    userinfo,
    source,
    mailaddr,
    addrname,
    mailaddrmap,
    relayhost,
    string,
    regex
};
inline constexpr service all_services[] = {
    service::alias,    service::domain,   service::credentials, service::netaddr,   service::userinfo, service::source,
    service::mailaddr, service::addrname, service::mailaddrmap, service::relayhost, service::string,   service::regex};
[[nodiscard]] std::string_view name_of(service kind) noexcept;
[[nodiscard]] std::optional<service> service_named(std::string_view name) noexcept;

enum class errc { unavailable = 1, malformed_row };
[[nodiscard]] base::error_code make_error_code(errc value) noexcept;

/// Tells whether a stored key that is a pattern (a wildcard, a network, an expression) covers what is asked for.
using pattern_match = std::function<bool(std::string_view stored_key)>;

/// What is wrong with a row for one use of it. A warning: it is used all the same.
struct row_fault {
    std::string text;
    std::string hint = {};  // may be empty
    bool warning = false;
};
/// A service's judgement of a row. Asked when the configuration is loaded and again for live rows: what a row may not
/// say at load it may not say later.
using row_judge = std::optional<row_fault> (*)(std::string_view key, std::string_view value);

/// A row, and the key that it stands under.
struct found {
    std::string key;
    std::string row;
};

class table {
public:
    virtual ~table() = default;
    [[nodiscard]] virtual const std::string& name() const noexcept = 0;

    /// The value under exactly this key (keys are folded to lower case by the caller). A list answers with "".
    virtual async::awaitable<base::result<std::optional<std::string>>> lookup(service kind, std::string key) = 0;
    /// The first of the keys that is there. A backend that has to go somewhere for its answer goes once for all of
    /// them.
    virtual async::awaitable<base::result<std::optional<found>>> lookup_first(service kind,
                                                                              std::vector<std::string> keys);
    /// Whether lookup_pattern() finds anything. A backend that can only be asked by key is given, as keys, all the
    /// patterns that would cover what is asked for (`*.example.org`, `192.0.2.0/24`).
    [[nodiscard]] virtual bool holds_patterns() const noexcept { return true; }
    /// The value of the first stored pattern that matches, for backends that can hold patterns; the others answer
    /// nothing.
    virtual async::awaitable<base::result<std::optional<std::string>>> lookup_pattern(service kind,
                                                                                      pattern_match matches) = 0;
    /// The next entry, cyclic: after the last comes the first. Nothing if there is none. For a list the entry, for a
    /// map its value.
    virtual async::awaitable<base::result<std::optional<std::string>>> fetch(service kind) = 0;
    /// What fetch() gives in one round, in the table's own order, and at most so many. Whose turn it is does not matter
    /// and does not change. A backend that can only fetch is asked until its first entry comes again, and on to the end
    /// of that second round; 64 entries are the most there, and a first entry that is in it twice ends the round early.
    virtual async::awaitable<base::result<std::vector<std::string>>> list(service kind, std::size_t up_to);
    /// Looks at its source anew (`update table`); what it knew before stays when that cannot be read. A backend that
    /// sees every change by itself has nothing to do.
    virtual async::awaitable<base::result<>> reload();

    /// From now on rows that come into use are judged so as well. A backend that holds its rows keeps those that it had
    /// while a new one is bad; one that is asked by key has nothing to judge until it is asked.
    virtual void judge_by(row_judge) {}
    /// Tells the administrator of a row that was asked for and cannot be used; `reason` holds no secret. A backend
    /// whose rows do not change has nobody to tell: they were judged when they were loaded.
    virtual void complain(std::string_view /*row*/, std::string_view /*reason*/) {}
};

/// The one of this name; null if there is none.
[[nodiscard]] table* table_named(const std::vector<std::unique_ptr<table>>& tables, std::string_view name);

}  // namespace waypost::table

template <>
struct boost::system::is_error_code_enum<waypost::table::errc> : std::true_type {};
