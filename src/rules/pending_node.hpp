// What is still to be expanded: an address whose rule is not known yet, a user of the action of a rule that is, or a
// list of more of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "waypost/mail/mailbox.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/table/services.hpp"

namespace waypost::rules {

/// Whose words a node is, which decides what it may do and as whom.
struct author {
    /// The last user whose .forward led here. What comes back to him is for his mailbox.
    std::shared_ptr<const table::userinfo::value> forwarder;
    /// It stands in his .forward, or in a list included there; else the administrator wrote it, in a table behind it.
    bool is_forwarder = false;
};

struct pending_node {
    mail::mailbox address;
    std::string user;  // the local-part, or the name that an alias gave; with its tag
    std::string list;  // not empty: the nodes of this file
    const rules::rule* rule = nullptr;  // null: ask the rules
    bool made_here = true;  // to the rules, as all but the recipient that was given
    bool ends = false;  // expanded to itself: not looked up again
    author words;
    unsigned depth = 0;
    std::size_t step = 0;  // in a trace
};

/// Two branches with the same name and the same rule expand to the same.
[[nodiscard]] std::string name_of(const pending_node& pending_node);

}  // namespace waypost::rules
