// action NAME relay [options]        and for what stays here local_grammar.cpp
#include <algorithm>

#include "grammar.hpp"
#include "options.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::config {
namespace {

void take_ttl(cursor& cursor, action& action, const token&) { action.ttl = cursor.take_delay("a time"); }

void take_backup(cursor& cursor, action& action, const token& word) {
    action.backup = cursor.skip_word("mx") ? take_domain(cursor, "the name of an MX host")
                                           : located_string{{}, word.position.where()};
}

constexpr option<action> relay_options[] = {
    {"auth", [](cursor& cursor, action& action,
                const token&) { action.auth = take_table_use(cursor, "a table of credentials"); }},
    {"backup", &take_backup},
    {"ca", [](cursor& cursor, action& action, const token&) { action.ca = cursor.take_string("the name of a ca"); }},
    {"ciphers"},
    {"domain", [](cursor& cursor, action& action,
                  const token&) { action.by_domain = take_table_use(cursor, "a table of relay URLs"); }},
    {"filter"},
    {"helo", [](cursor& cursor, action& action, const token&) { action.helo = take_domain(cursor, "a host name"); }},
    {"helo-src", [](cursor& cursor, action& action,
                    const token&) { action.helo_names = take_table_use(cursor, "a table of host names"); }},
    {"host",
     [](cursor& cursor, action& action, const token&) { action.hosts = take_table_use(cursor, "a relay URL"); }},
    {"mail-from",
     [](cursor& cursor, action& action, const token& word) { action.mail_from = take_sender(cursor, word.text); }},
    {"ordered", [](cursor&, action& action, const token&) { action.ordered = true; }},
    {"pki", [](cursor& cursor, action& action, const token&) { action.pki = cursor.take_string("the name of a pki"); }},
    {"protocols"},
    {"src",
     [](cursor& cursor, action& action, const token&) { action.sources = take_table_use(cursor, "a source address"); }},
    {"srs", [](cursor&, action& action, const token& word) { action.srs = word.position.where(); }},
    {"tls",
     [](cursor& cursor, action& action, const token&) {
         action.tls = true;
         action.no_verify = cursor.skip_word("no-verify");
     }},
    {"ttl", &take_ttl},
};

void read_relay(cursor& cursor, action& target, const token& word) {
    target.by = action::method::relay;
    read_options<action>(cursor, target, relay_options, "option of \"relay\"");
    if (target.auth && !target.hosts && !target.by_domain) {
        cursor.fault(word.position.where(), "\"auth\" without \"host\"",
                     "write relay host smtp+tls://label@host auth <table>");
    }
    if (int(target.hosts.has_value()) + int(target.by_domain.has_value()) + int(target.backup.has_value()) > 1) {
        cursor.fault(word.position.where(), "two of \"host\", \"domain\" and \"backup\" in one action",
                     "keep one of them");
    }
    if (target.ordered && !target.hosts) {
        cursor.fault(word.position.where(), "\"ordered\" without \"host\"", "write relay host <table> ordered");
    }
    if (target.helo && target.helo_names) {
        cursor.fault(word.position.where(), "\"helo\" and \"helo-src\" in one action", "keep one of them");
    }
}

constexpr option<action> methods[] = {
    {"expand-only", &read_local_action},
    {"forward-only", &read_local_action},
    {"lmtp", &read_local_action},
    {"maildir", &read_local_action},
    {"mbox", &read_local_action},
    {"mda", &read_local_action},
    {"relay", &read_relay},
};

}  // namespace

void read_action(grammar& g, const token& word) {
    action made;
    made.place = word.position.where();
    const located_string name = g.cursor.take_string("the name of an action");
    made.name = name.text;
    const auto other = std::find_if(g.model.actions.begin(), g.model.actions.end(),
                                    [&](const action& action) { return action.name == made.name; });
    if (other != g.model.actions.end()) {
        g.cursor.fault(name.location,
                       "there is an action \"" + base::printable(made.name, 64) + "\" already, at line " +
                           std::to_string(other->place.line),
                       "give this one another name");
    }
    if (g.cursor.at_line_end())
        g.cursor.fail_unexpected(g.cursor.peek(), "a delivery method, as in \"relay\" or \"maildir\"");
    const token method = g.cursor.take();
    find_option<action>(g.cursor, method, methods, "delivery method").read(g.cursor, made, method);
    g.model.actions.push_back(std::move(made));
}

located_string take_sender(cursor& cursor, std::string_view word) {
    const token& given = cursor.peek();
    located_string address = cursor.take_string("an address");
    const std::string_view text = address.text;
    const bool valid = text.starts_with('@')                      ? mail::domain::parse(text.substr(1)).has_value()
                       : text.find('@') != std::string_view::npos ? mail::mailbox::parse(text).has_value()
                                                                  : mail::local_part::parse(text).has_value();
    if (!valid) {
        cursor.fail(given, cursor.show(given) + " is no address for \"" + std::string(word) + "\"",
                    "write user@domain, @domain or user");
    }
    return address;
}

located_string take_domain(cursor& cursor, std::string_view subject) {
    const token& given = cursor.peek();
    located_string name = cursor.take_string(subject);
    if (!mail::domain::parse(name.text)) {
        cursor.fail(given, cursor.show(given) + " is not " + std::string(subject), "write it like mail.example.org");
    }
    return name;
}

}  // namespace waypost::config
