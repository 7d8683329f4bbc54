// From a recipient to envelopes: the rule, then the aliases, virtual users and .forwards of its action, until every
// branch ends at a relay, at a local user, or at a file or a command. All of it at RCPT time; what is decided here is
// what is stored.
//
// Nodes of an expansion: `user`, `user@domain` (asked of the rules again, as mail made here), `|command`, `/file`,
// `:include:/list` and `error:4yz/5yz text`. Who wrote a node decides what it may do: the administrator in a table, or
// a user in his ~/.forward. A name or an address that expands to itself ends there, and what comes back to the user
// whose .forward it came out of goes to his mailbox. Depth and number of nodes are bounded; duplicates are dropped.
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
#include "waypost/rules/expansion_trace.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/rules/user_files.hpp"

namespace waypost::rules {

struct resolved_recipient {
    const rules::action* action = nullptr;
    mail::mailbox recipient;
    // Local delivery:
    std::string user;       // whose mailbox; empty for a target out of a table of aliases
    std::string extension;  // the tag of his sub-address; the sender's word
    std::string target;     // "/file" or "|command" instead of his mailbox
    const rule* because = nullptr;
};
using resolution = std::variant<std::vector<resolved_recipient>, mail::status>;

/// Where mail for this recipient goes, at least one; or the status that refuses it: 550 5.7.1 (the rules), 550 5.1.1
/// (no such user), 524 5.4.6 (a loop), 524 5.2.4 (an expansion that is empty, too large, or none where one is needed),
/// 450 4.2.0 (no .forward where one is needed), 451 4.2.4 (a .forward that is too large), 451 4.3.0 (could not ask),
/// 451 4.3.5 (a node that cannot be read or is not allowed there). `trace` hears how it went.
async::awaitable<resolution> resolve(const ruleset& rules, const envelope_context& envelope_context, user_files& files,
                                     expansion_trace* trace = nullptr);

}  // namespace waypost::rules
