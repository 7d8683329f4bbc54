// One node of an expansion, as text: what stands between the commas of an alias, a .forward or a list.
//
//     node   = user / address / error / target / list
//     target = "|" command / "/" path          list = ":include:/" path
//
// A node that is quoted as a whole ("|command a, b", "error:550 sorry, no") is what stands in the quotes. A backslash
// makes the next character an ordinary one and means nothing else (no sendmail's `\user`); a command has its own words
// and keeps its backslashes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "waypost/mail/mailbox.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::rules {

struct user_node {
    std::string name;
};
struct address_node {
    mail::mailbox address;
};
struct error_node {
    mail::status status;
};
struct target_node {
    std::string target;  // "|command" or "/file"
};
struct list_node {
    std::string path;  // absolute
};
struct unreadable_node {};
using node = std::variant<user_node, address_node, error_node, target_node, list_node, unreadable_node>;

/// The texts of nodes one by one, trimmed and never empty; what was not asked for costs nothing. A comma in double
/// quotes or after a backslash separates nothing.
class node_texts {
public:
    enum class kind {
        row,   // of a table: one line
        file,  // a .forward or a list: every line ends a node, and one that begins with # is a comment
    };
    node_texts(std::string_view text, kind kind) : rest_(text), kind_(kind) {}
    [[nodiscard]] std::optional<std::string_view> next();

private:
    [[nodiscard]] std::string_view cut();
    [[nodiscard]] bool skip_comment();

    std::string_view rest_;
    kind kind_;
    bool at_line_begin_ = true;
};

/// Whether a user can have this name: nothing in it may lead out of a directory, or look like an option.
[[nodiscard]] bool is_user_name(std::string_view text);
[[nodiscard]] node parse_node(std::string_view text);

}  // namespace waypost::rules
