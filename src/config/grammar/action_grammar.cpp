// action NAME relay [options]        and for what stays here local_grammar.cpp
#include "grammar.hpp"
#include "option.hpp"

namespace waypost::config {
namespace {

using settings = relay::action_settings;

template <auto Member>
constexpr auto in_relay = field<&action::relay, Member>;

void read_backup(cursor& cursor, action& action, const token&) {
    action.relay.backup = cursor.skip_word("mx") ? domain_name{"the name of an MX host"}.read(cursor).text : "";
}

void print_backup(const action& action, const config::action&, std::vector<std::string>& pieces) {
    if (!action.relay.backup) return;
    pieces.push_back(action.relay.backup->empty() ? "backup" : "backup mx " + plain(*action.relay.backup));
}

void read_tls(cursor& cursor, action& action, const token&) {
    action.relay.tls = mail::transport_security::starttls;
    action.relay.no_verify = cursor.skip_word("no-verify");
}

void print_tls(const action& action, const config::action&, std::vector<std::string>& pieces) {
    if (action.relay.tls) pieces.emplace_back(action.relay.no_verify ? "tls no-verify" : "tls");
}

void read_srs(cursor&, action& action, const token& word) { action.srs = word.position.where(); }

void print_srs(const action& action, const config::action&, std::vector<std::string>& pieces) {
    if (action.srs) pieces.emplace_back("srs");
}

constexpr option<action> options[] = {
    {"host", setting{field<&action::hosts>, table_or_rows{"a relay URL", shown::urls}},
     "relay URLs to send to, in turn; by default the MX hosts of the recipient's domain"},
    {"ordered", constant{in_relay<&settings::ordered>, true}, "to the first host that can be reached, not in turn"},
    {"domain", setting{field<&action::by_domain>, table_or_rows{"a table of relay URLs", shown::urls}},
     "relay URLs by the recipient's domain"},
    {"backup", custom{&read_backup, &print_backup, "[mx NAME]"},
     "only to MX hosts that come before this one, or before NAME"},
    {"auth", setting{field<&action::auth>, table_or_rows{"a table of credentials", shown::no_secrets}},
     "logins by the label in the relay URL"},
    {"tls", custom{&read_tls, &print_tls, "[no-verify]"}, "demand TLS"},
    {"src", setting{field<&action::sources>, table_or_rows{"a source address"}}, "addresses to connect from"},
    {"helo", setting{in_relay<&settings::helo>, domain_name{"a host name", true}}, "the name in EHLO"},
    {"helo-src", setting{field<&action::helo_names>, table_or_rows{"a table of host names"}},
     "names in EHLO by source address"},
    {"mail-from", setting{in_relay<&settings::mail_from>, sender_address{"mail-from"}},
     "takes the place of the sender's address, or of a part of it"},
    {"pki", setting{field<&action::pki>, string_value{"the name of a pki"}}, "the certificate to show"},
    {"ca", setting{field<&action::ca>, string_value{"the name of a ca"}}, "who signs certificates of servers"},
    {"srs", custom{&read_srs, &print_srs}, "rewrite the senders of forwarded mail"},
    {"ttl", setting{field<&action::ttl>, time_span()}, "in place of queue ttl"},
    {"ciphers"},
    {"filter"},
    {"protocols"},
};

void read_relay(cursor& cursor, action& target, const token& word) {
    const location place = word.position.where();
    set_method(target, word.text);
    read_options<action>(cursor, target, options, "option of \"relay\"");
    if (target.auth && !target.hosts && !target.by_domain) {
        cursor.fault(place, "\"auth\" without \"host\"", "write relay host smtp+tls://label@host auth <table>");
    }
    if (int(target.hosts.has_value()) + int(target.by_domain.has_value()) + int(target.relay.backup.has_value()) > 1)
        cursor.fault(place, "two of \"host\", \"domain\" and \"backup\" in one action", "keep one of them");
    if (target.relay.ordered && !target.hosts)
        cursor.fault(place, "\"ordered\" without \"host\"", "write relay host <table> ordered");
    if (!target.relay.helo.empty() && target.helo_names)
        cursor.fault(place, "\"helo\" and \"helo-src\" in one action", "keep one of them");
}

constexpr option<action> methods[] = {
    {"expand-only", custom{&read_local_action}},
    {"forward-only", custom{&read_local_action}},
    {"lmtp", custom{&read_local_action}},
    {"maildir", custom{&read_local_action}},
    {"mbox", custom{&read_local_action}},
    {"mda", custom{&read_local_action}},
    {"relay", custom{&read_relay}},
};

}  // namespace

std::span<const option<action>> relay_options() { return options; }

void read_action(grammar& g, const token& word) {
    action made;
    made.location = word.position.where();
    made.name = take_new_name(g.cursor, g.model.actions, "an action").text;
    if (g.cursor.at_line_end())
        g.cursor.fail_unexpected(g.cursor.peek(), "a delivery method, as in \"relay\" or \"maildir\"");
    const token method = g.cursor.take();
    find_option<action>(g.cursor, method, methods, "delivery method").read(g.cursor, made, method);
    g.model.actions.push_back(std::move(made));
}

}  // namespace waypost::config
