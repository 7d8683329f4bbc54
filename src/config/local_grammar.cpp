// action NAME mbox | maildir [PATH] [junk] | lmtp DEST [rcpt-to] | mda "COMMAND" | expand-only | forward-only [options]
//
// and what the rules of 2012 to 2017 have of it: deliver to mbox | maildir [PATH] | lmtp DEST [rcpt-to] [as USER]
//                                                 | mda COMMAND [as USER]
#include "grammar.hpp"
#include "options.hpp"
#include "words.hpp"

namespace waypost::config {
namespace {

using method = action::method;

/// Leaves if this method does not take the option.
void demand(cursor& cursor, const action& action, const token& word, bool is_taken, std::string_view reason) {
    if (is_taken) return;
    cursor.fail(word, cursor.show(word) + " with \"" + std::string(word_of(action.by)) + "\", " + std::string(reason),
                "remove it");
}

void take_alias(cursor& cursor, action& target, const token& word) {
    if (target.virtual_users) cursor.fail(word, "\"alias\" and \"virtual\" in one action", "keep one of them");
    target.alias = take_table_use(cursor, "a table of aliases");
}

void take_virtual(cursor& cursor, action& target, const token& word) {
    if (target.alias) cursor.fail(word, "\"alias\" and \"virtual\" in one action", "keep one of them");
    target.virtual_users = take_table_use(cursor, "a table of virtual users");
}

void take_user(cursor& cursor, action& action, const token& word) {
    demand(cursor, action, word, action.by != method::mbox, "where each mailbox is its user's own");
    demand(cursor, action, word, action.by != method::expand_only && action.by != method::forward_only,
           "which delivers to nobody");
    action.user = cursor.take_string("the name of a user");
    if (action.by == method::lmtp)
        cursor.warn(word.position.where(), "\"user\" with \"lmtp\" only keeps each user's .forward from being read",
                    "remove it: the connection is the daemon's own");
}

void take_wrapper(cursor& cursor, action& action, const token& word) {
    demand(cursor, action, word, action.by == method::mda, "which runs no command to be wrapped");
    action.wrapper = cursor.take_string("the name of a wrapper");
}

constexpr option<action> options[] = {
    {"alias", &take_alias},
    {"junk",
     [](cursor& cursor, action& action, const token& word) {
         demand(cursor, action, word, action.by == method::maildir, "which has no folders");
         action.junk = true;
     }},
    {"rcpt-to",
     [](cursor& cursor, action& action, const token& word) {
         demand(cursor, action, word, action.by == method::lmtp, "which speaks to no other server");
         action.rcpt_to = true;
     }},
    {"ttl", [](cursor& cursor, action& action, const token&) { action.ttl = cursor.take_delay("a time"); }},
    {"user", &take_user},
    {"userbase", [](cursor& cursor, action& action,
                    const token&) { action.userbase = take_table_use(cursor, "a table of users"); }},
    {"virtual", &take_virtual},
    {"wrapper", &take_wrapper},
};

located_string take_maildir_path(cursor& cursor) {
    if (!cursor.string_is_next()) return {};
    located_string path = cursor.take_string("a path");
    // What there is without a path: one way to say it, so that equal actions are equal.
    if (path.text == "~/Maildir" || path.text == "~/Maildir/") return {};
    return path;
}

void take_arguments(cursor& cursor, action& action, const token& word) {
    action.by = *method_named(word.text);
    if (action.by == method::maildir) action.path = take_maildir_path(cursor);
    if (action.by == method::mda) action.command = cursor.take_string("a command");
    if (action.by == method::lmtp) action.lmtp = cursor.take_string("host:port or the path of a socket");
}

}  // namespace

void read_local_action(cursor& cursor, action& target, const token& word) {
    take_arguments(cursor, target, word);
    read_options<action>(cursor, target, options, "option of \"" + word.text + "\"");
}

void read_delivery_of_2012(cursor& cursor, action& action, const token& word) {
    take_arguments(cursor, action, word);
    if (action.by == method::lmtp) action.rcpt_to = cursor.skip_word("rcpt-to");
    const bool may_be_as = action.by == method::lmtp || action.by == method::mda;
    const token& as = cursor.peek();
    if (may_be_as && cursor.skip_word("as")) take_user(cursor, action, as);
}

}  // namespace waypost::config
