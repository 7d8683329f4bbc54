// From a recipient to envelopes: the rule, then the aliases and virtual users of its action, until every branch ends at
// a relay or a local user. All of it at RCPT time; what is decided here is what is stored.
//
// Nodes of an expansion, separated by commas outside quotes: `user`, `user@domain` (asked of the rules again, as mail
// made here) and `error:4yz/5yz text`. A name or an address that expands to itself ends there. The depth and the number
// of nodes are bounded; duplicates are dropped.
//
// A branch that fails for good leaves the others alone as long as one destination remains. A branch that could not be
// asked defers the recipient as a whole: accepting it without that branch would lose mail.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/mail/mailbox.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/rules/ruleset.hpp"

namespace waypost::rules {

struct destination {
    const action* by = nullptr;
    mail::mailbox to;
    // Local delivery:
    std::string user;  // whose mailbox; empty for a target out of a table of aliases
    std::string extension;  // the tag of his sub-address
    std::string target;  // "/file" or "|command" instead of his mailbox
    const rule* because = nullptr;
};

/// Where mail for this recipient goes, at least one; or the status that refuses it: 550 5.7.1 (the rules), 550 5.1.1
/// (no such user), 524 5.4.6 (a loop), 524 5.2.4 (an expansion that is empty or too large), 451 4.3.0 (could not ask),
/// 451 4.3.5 (an expansion that this version cannot carry out).
async::awaitable<std::variant<std::vector<destination>, mail::status>> resolve(const ruleset& rules,
                                                                               const facts& about);

}  // namespace waypost::rules
