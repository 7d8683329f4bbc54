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
void demand(cursor& at, const action& to, const token& word, bool taken, std::string_view why) {
    if (taken) return;
    at.leave(word, at.show(word) + " with \"" + std::string(word_of(to.by)) + "\", " + std::string(why), "remove it");
}

void take_alias(cursor& at, action& to, const token& word) {
    if (to.virtual_users) at.leave(word, "\"alias\" and \"virtual\" in one action", "keep one of them");
    to.alias = take_table_use(at, "a table of aliases");
}

void take_virtual(cursor& at, action& to, const token& word) {
    if (to.alias) at.leave(word, "\"alias\" and \"virtual\" in one action", "keep one of them");
    to.virtual_users = take_table_use(at, "a table of virtual users");
}

void take_user(cursor& at, action& to, const token& word) {
    demand(at, to, word, to.by != method::mbox, "where each mailbox is its user's own");
    demand(at, to, word, to.by != method::expand_only && to.by != method::forward_only, "which delivers to nobody");
    to.user = at.take_string("the name of a user");
    if (to.by == method::lmtp)
        at.warn(word.at.where(), "\"user\" with \"lmtp\" only keeps each user's .forward from being read",
                "remove it: the connection is the daemon's own");
}

void take_wrapper(cursor& at, action& to, const token& word) {
    demand(at, to, word, to.by == method::mda, "which runs no command to be wrapped");
    to.wrapper = at.take_string("the name of a wrapper");
}

constexpr option<action> options[] = {
    {"alias", &take_alias},
    {"junk",
     [](cursor& at, action& to, const token& word) {
         demand(at, to, word, to.by == method::maildir, "which has no folders");
         to.junk = true;
     }},
    {"rcpt-to",
     [](cursor& at, action& to, const token& word) {
         demand(at, to, word, to.by == method::lmtp, "which speaks to no other server");
         to.rcpt_to = true;
     }},
    {"ttl", [](cursor& at, action& to, const token&) { to.ttl = at.take_delay("a time"); }},
    {"user", &take_user},
    {"userbase", [](cursor& at, action& to, const token&) { to.userbase = take_table_use(at, "a table of users"); }},
    {"virtual", &take_virtual},
    {"wrapper", &take_wrapper},
};

written take_maildir_path(cursor& at) {
    if (!at.string_is_next()) return {};
    written path = at.take_string("a path");
    // What there is without a path: one way to say it, so that equal actions are equal.
    if (path.text == "~/Maildir" || path.text == "~/Maildir/") return {};
    return path;
}

void take_arguments(cursor& at, action& to, const token& word) {
    to.by = *method_named(word.text);
    if (to.by == method::maildir) to.path = take_maildir_path(at);
    if (to.by == method::mda) to.command = at.take_string("a command");
    if (to.by == method::lmtp) to.lmtp = at.take_string("host:port or the path of a socket");
}

}  // namespace

void read_local_action(cursor& at, action& to, const token& word) {
    take_arguments(at, to, word);
    read_options<action>(at, to, options, "option of \"" + word.text + "\"");
}

void read_delivery_of_2012(cursor& at, action& to, const token& word) {
    take_arguments(at, to, word);
    if (to.by == method::lmtp) to.rcpt_to = at.skip_word("rcpt-to");
    const bool may_be_as = to.by == method::lmtp || to.by == method::mda;
    const token& as = at.peek();
    if (may_be_as && at.skip_word("as")) take_user(at, to, as);
}

}  // namespace waypost::config
