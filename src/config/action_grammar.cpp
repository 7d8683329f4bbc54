// action NAME relay [options]        and for what stays here local_grammar.cpp
#include <algorithm>

#include "grammar.hpp"
#include "options.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::config {
namespace {

void take_ttl(cursor& at, action& to, const token&) { to.ttl = at.take_delay("a time"); }

void take_backup(cursor& at, action& to, const token& word) {
    to.backup = at.skip_word("mx") ? take_domain(at, "the name of an MX host") : written{{}, word.at.where()};
}

constexpr option<action> relay_options[] = {
    {"auth", [](cursor& at, action& to, const token&) { to.auth = take_table_use(at, "a table of credentials"); }},
    {"backup", &take_backup},
    {"ca", [](cursor& at, action& to, const token&) { to.ca = at.take_string("the name of a ca"); }},
    {"ciphers"},
    {"domain",
     [](cursor& at, action& to, const token&) { to.by_domain = take_table_use(at, "a table of relay URLs"); }},
    {"filter"},
    {"helo", [](cursor& at, action& to, const token&) { to.helo = take_domain(at, "a host name"); }},
    {"helo-src",
     [](cursor& at, action& to, const token&) { to.helo_names = take_table_use(at, "a table of host names"); }},
    {"host", [](cursor& at, action& to, const token&) { to.hosts = take_table_use(at, "a relay URL"); }},
    {"mail-from", [](cursor& at, action& to, const token& word) { to.mail_from = take_sender(at, word.text); }},
    {"ordered", [](cursor&, action& to, const token&) { to.ordered = true; }},
    {"pki", [](cursor& at, action& to, const token&) { to.pki = at.take_string("the name of a pki"); }},
    {"protocols"},
    {"src", [](cursor& at, action& to, const token&) { to.sources = take_table_use(at, "a source address"); }},
    {"srs", [](cursor&, action& to, const token& word) { to.srs = word.at.where(); }},
    {"tls",
     [](cursor& at, action& to, const token&) {
         to.tls = true;
         to.no_verify = at.skip_word("no-verify");
     }},
    {"ttl", &take_ttl},
};

void read_relay(cursor& at, action& to, const token& word) {
    to.by = action::method::relay;
    read_options<action>(at, to, relay_options, "option of \"relay\"");
    if (to.auth && !to.hosts && !to.by_domain) {
        at.fault(word.at.where(), "\"auth\" without \"host\"", "write relay host smtp+tls://label@host auth <table>");
    }
    if (int(to.hosts.has_value()) + int(to.by_domain.has_value()) + int(to.backup.has_value()) > 1) {
        at.fault(word.at.where(), "two of \"host\", \"domain\" and \"backup\" in one action", "keep one of them");
    }
    if (to.ordered && !to.hosts) {
        at.fault(word.at.where(), "\"ordered\" without \"host\"", "write relay host <table> ordered");
    }
    if (to.helo && to.helo_names) {
        at.fault(word.at.where(), "\"helo\" and \"helo-src\" in one action", "keep one of them");
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
    made.where = word.at.where();
    const written name = g.at.take_string("the name of an action");
    made.name = name.text;
    const auto other = std::find_if(g.what.actions.begin(), g.what.actions.end(),
                                    [&](const action& one) { return one.name == made.name; });
    if (other != g.what.actions.end()) {
        g.at.fault(name.where,
                   "there is an action \"" + base::printable(made.name, 64) + "\" already, at line " +
                       std::to_string(other->where.line),
                   "give this one another name");
    }
    if (g.at.at_line_end()) g.at.leave_unexpected(g.at.peek(), "a delivery method, as in \"relay\" or \"maildir\"");
    const token method = g.at.take();
    find_option<action>(g.at, method, methods, "delivery method").read(g.at, made, method);
    g.what.actions.push_back(std::move(made));
}

written take_sender(cursor& at, std::string_view word) {
    const token& given = at.peek();
    written address = at.take_string("an address");
    const std::string_view text = address.text;
    const bool valid = text.starts_with('@')                      ? mail::domain::parse(text.substr(1)).has_value()
                       : text.find('@') != std::string_view::npos ? mail::mailbox::parse(text).has_value()
                                                                  : mail::local_part::parse(text).has_value();
    if (!valid) {
        at.leave(given, at.show(given) + " is no address for \"" + std::string(word) + "\"",
                 "write user@domain, @domain or user");
    }
    return address;
}

written take_domain(cursor& at, std::string_view what) {
    const token& given = at.peek();
    written name = at.take_string(what);
    if (!mail::domain::parse(name.text)) {
        at.leave(given, at.show(given) + " is not " + std::string(what), "write it like mail.example.org");
    }
    return name;
}

}  // namespace waypost::config
