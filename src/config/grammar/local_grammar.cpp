// action NAME mbox | maildir [PATH] [junk] | lmtp DEST [rcpt-to] | mda "COMMAND" | expand-only | forward-only [options]
//
// and what the rules of 2012 to 2017 have of it: deliver to mbox | maildir [PATH] | lmtp DEST [rcpt-to] [as USER]
//                                                 | mda COMMAND [as USER]
#include <algorithm>

#include "grammar.hpp"
#include "option.hpp"

namespace waypost::config {
namespace {

using method = action::method;

struct method_word {
    action::method method;
    std::string_view word;
    delivery::action_settings::method delivery;  // of those that deliver here
};
using deliver = delivery::action_settings::method;
constexpr method_word methods[] = {
    {action::method::relay, "relay", deliver::only_targets},
    {action::method::mbox, "mbox", deliver::mbox},
    {action::method::maildir, "maildir", deliver::maildir},
    {action::method::mda, "mda", deliver::command},
    {action::method::lmtp, "lmtp", deliver::only_targets},
    {action::method::expand_only, "expand-only", deliver::only_targets},
    {action::method::forward_only, "forward-only", deliver::only_targets},
};

/// Fails if this method does not take the option.
void demand(cursor& cursor, const action& action, const token& word, bool is_taken, std::string_view reason) {
    if (is_taken) return;
    cursor.fail(word, cursor.show(word) + " with \"" + std::string(word_of(action.by)) + "\", " + std::string(reason),
                "remove it");
}

void check_junk(cursor& cursor, const action& action, const token& word) {
    demand(cursor, action, word, action.by == method::maildir, "which has no folders");
}

void check_rcpt_to(cursor& cursor, const action& action, const token& word) {
    demand(cursor, action, word, action.by == method::lmtp, "which speaks to no other server");
}

void check_wrapper(cursor& cursor, const action& action, const token& word) {
    demand(cursor, action, word, action.by == method::mda, "which runs no command to be wrapped");
}

void check_user(cursor& cursor, const action& action, const token& word) {
    demand(cursor, action, word, action.by != method::mbox, "where each mailbox is its user's own");
    demand(cursor, action, word, action.by != method::expand_only && action.by != method::forward_only,
           "which delivers to nobody");
    if (action.by == method::lmtp) {
        cursor.warn(word.position.where(), "\"user\" with \"lmtp\" only keeps each user's .forward from being read",
                    "remove it: the connection is the daemon's own");
    }
}

void check_one_expansion(cursor& cursor, const action& action, const token& word) {
    if (action.virtual_users || action.alias)
        cursor.fail(word, "\"alias\" and \"virtual\" in one action", "keep one of them");
}

constexpr string_value user_name{"the name of a user"};

constexpr option<action> options[] = {
    {.word = "junk",
     .value = constant{field<&action::local, &delivery::action_settings::junk>, true},
     .description = "of maildir: what is marked as spam goes to the folder .Junk",
     .check = &check_junk},
    {.word = "rcpt-to",
     .value = constant{field<&action::rcpt_to>, true},
     .description = "of lmtp: give the server the recipient's address, not the user's name",
     .check = &check_rcpt_to},
    {.word = "user",
     .value = setting{field<&action::user>, user_name},
     .description = "deliver as this user, not as the recipient",
     .check = &check_user},
    {.word = "wrapper",
     .value = setting{field<&action::wrapper>, string_value{"the name of a wrapper"}},
     .description = "of mda: the mda wrapper that runs the command",
     .check = &check_wrapper},
    {.word = "alias",
     .value = setting{field<&action::alias>, table_or_rows{"a table of aliases"}},
     .description = "other names of users and addresses",
     .check = &check_one_expansion},
    {.word = "virtual",
     .value = setting{field<&action::virtual_users>, table_or_rows{"a table of virtual users"}},
     .description = "users by address; no others get mail",
     .check = &check_one_expansion},
    {"userbase", setting{field<&action::userbase>, table_or_rows{"a table of users"}},
     "in place of the system's users"},
    {"ttl", setting{field<&action::ttl>, time_span()}, "in place of queue ttl"},
};

located_string take_maildir_path(cursor& cursor) {
    if (!cursor.string_is_next()) return {};
    located_string path = cursor.take_string("a path");
    // What there is without a path: one way to say it, so that equal actions are equal.
    if (path.text == "~/Maildir" || path.text == "~/Maildir/") return {};
    return path;
}

void take_arguments(cursor& cursor, action& action, const token& word) {
    set_method(action, word.text);
    if (action.by == method::maildir) action.path = take_maildir_path(cursor);
    if (action.by == method::mda) action.command = cursor.take_string("a command");
    if (action.by == method::lmtp) action.lmtp = cursor.take_string("host:port or the path of a socket");
}

}  // namespace

std::span<const option<action>> local_options() { return options; }

std::string_view word_of(action::method method) noexcept {
    return std::ranges::find(methods, method, &method_word::method)->word;
}

void set_method(action& action, std::string_view word) noexcept {
    const auto* const found = std::ranges::find(methods, word, &method_word::word);
    action.by = found->method;
    action.local.by = found->delivery;
}

void read_local_action(cursor& cursor, action& target, const token& word) {
    take_arguments(cursor, target, word);
    read_options<action>(cursor, target, options, "option of \"" + word.text + "\"");
}

void read_delivery_of_2012(cursor& cursor, action& action, const token& word) {
    take_arguments(cursor, action, word);
    if (action.by == method::lmtp) action.rcpt_to = cursor.skip_word("rcpt-to");
    const bool may_be_as = action.by == method::lmtp || action.by == method::mda;
    const token& as = cursor.peek();
    if (!may_be_as || !cursor.skip_word("as")) return;
    check_user(cursor, action, as);
    action.user = user_name.read(cursor);
}

}  // namespace waypost::config
