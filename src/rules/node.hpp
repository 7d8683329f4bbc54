// One node of an expansion, as text: what stands between the commas of an alias.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/mail/mailbox.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::rules {

struct user_node {
    std::string name;
};
struct address_node {
    mail::mailbox to;
};
struct error_node {
    mail::status said;
};
struct unsupported_node {};  // a command, a file, an include: known, and not built yet
struct unreadable_node {};
using node = std::variant<user_node, address_node, error_node, unsupported_node, unreadable_node>;

/// The texts between commas, trimmed; a comma inside double quotes or after a backslash separates nothing. Empty ones
/// are left out.
[[nodiscard]] std::vector<std::string> split_nodes(std::string_view row);
/// Whether a user can have this name: nothing in it may lead out of a directory, or look like an option.
[[nodiscard]] bool is_user_name(std::string_view text);
/// A node that is quoted as a whole ("|command a, b", "error:550 sorry, no") is what stands in the quotes.
[[nodiscard]] node parse_node(std::string_view text);

}  // namespace waypost::rules
