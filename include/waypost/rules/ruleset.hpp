// The rules: which action carries the mail of this sender, from there, to this recipient. The first rule that matches
// wins.
//
// Asking may mean asking tables, so it may wait; a table that could not be asked is an error for this recipient (451),
// never "the next rule". Rules are immutable once loaded; a reload makes a new ruleset.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/base/result.hpp"
#include "waypost/mail/mailbox.hpp"
#include "waypost/mail/srs.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/table/table.hpp"

namespace waypost::rules {

struct source_line {
    std::string file;
    std::size_t line = 0;
};

/// A named way to deliver. What the relay or the local agent does in detail is in their rooms' settings, under the same
/// name.
struct action {
    /// local and mailbox_store are for users of here; in the second their mailboxes are another server's, and commands
    /// and files have no place. expand_only and forward_only end no branch themselves: what is no alias there, or has
    /// no ~/.forward, fails.
    enum class method { relay_host, relay_by_domain, local, mailbox_store, expand_only, forward_only };
    enum class expansion { none, alias, virtual_users };

    std::string name;
    method kind = method::relay_host;
    expansion expand = expansion::none;
    table::table* expand_with = nullptr;  // for alias and virtual_users
    table::table* users = nullptr;  // the user base; null for relays and expand_only alone
    /// Whether a user's ~/.forward is asked. Not where the action delivers as another user.
    bool reads_forward = false;
    std::optional<std::chrono::seconds> ttl;

    [[nodiscard]] bool is_relay() const noexcept {
        return kind == method::relay_host || kind == method::relay_by_domain;
    }
};

/// Where a message comes from.
struct local_socket {};  // sendmail on this machine
struct made_here {};  // a report of ours, or an address that expansion made: counts as local
using origin = std::variant<local_socket, made_here, net::address>;

/// All that a rule may ask about one recipient of one message. Held by reference while rules are asked.
struct envelope_context {
    rules::origin origin;
    std::string tag;  // of the listener
    std::string helo;
    std::string user;  // authenticated; empty: not
    bool tls = false;
    mail::reverse_path sender;
    mail::mailbox recipient;
    async::wall_time time{};  // when it came
    /// The confirmed name of the client's address, asked for only when a rule wants it; "" if it has none.
    std::function<async::awaitable<base::result<std::string>>()> rdns;
};

/// One condition; all of a rule's must hold. `values` is null where none is needed ("any", "local" ...).
struct condition {
    enum class subject {
        tag,
        from_any,
        from_local,
        from_socket,
        from_source,
        from_rdns,
        from_auth,
        from_mail_from,
        for_any,
        for_local,
        for_domain,
        for_recipient,
        helo,
        auth,
        tls,
        mail_from,
        rcpt_to
    };
    subject tested = subject::from_any;
    bool negated = false;
    bool regex = false;
    table::table* values = nullptr;  // from_auth and auth without values: any user
};

struct rule {
    std::vector<condition> conditions;  // in OpenSMTPD's order of evaluation
    const action* outcome = nullptr;  // null: reject
    /// A rule of the 2012 generation: an authenticated session passes its source check, whatever it says.
    bool authenticated_pass_source = false;
    source_line line;
};

/// How the conditions of rules were judged, in the order in which that was asked, for people who want to know why.
struct match_step {
    const rule* candidate = nullptr;
    const condition* judged = nullptr;
    base::result<bool> holds = false;
};
using match_trace = std::vector<match_step>;

/// What addresses mean here, whichever rule they meet.
struct addressing {
    std::vector<std::string> local_names;  // the domains of "for local"
    char tag_delimiter = '+';  // `smtp sub-addr-delim`
    /// Whose addresses lead back to the senders of mail that was forwarded here; null: none do.
    std::shared_ptr<const mail::srs> srs;
};

class ruleset {
public:
    /// A condition that lacks its table, or an action that lacks its user base, is a bug of whoever made it:
    /// std::invalid_argument.
    ruleset(std::vector<std::unique_ptr<action>> actions, std::vector<rule> rules, addressing addressing);

    /// The first rule that matches, or null. An error when a table could not be asked.
    async::awaitable<base::result<const rule*>> match(const envelope_context& envelope_context,
                                                      match_trace* trace = nullptr) const;
    [[nodiscard]] const action* find_action(std::string_view name) const;
    [[nodiscard]] const std::vector<rule>& rules() const noexcept { return rules_; }
    [[nodiscard]] const std::vector<std::unique_ptr<action>>& actions() const noexcept { return actions_; }
    [[nodiscard]] bool is_local_domain(std::string_view domain) const;
    [[nodiscard]] char tag_delimiter() const noexcept { return addressing_.tag_delimiter; }
    [[nodiscard]] const mail::srs* srs() const noexcept { return addressing_.srs.get(); }

private:
    /// The answer where no table has to be asked.
    [[nodiscard]] std::optional<bool> holds_at_once(const condition& condition,
                                                    const envelope_context& envelope_context) const;
    async::awaitable<base::result<bool>> ask(const condition& one, const envelope_context& envelope_context) const;

    std::vector<std::unique_ptr<action>> actions_;
    std::vector<rule> rules_;
    addressing addressing_;
};

}  // namespace waypost::rules
