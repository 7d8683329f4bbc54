// listen on ADDRESS | NAME | INTERFACE | all | socket [options]
#include <algorithm>

#include "grammar.hpp"
#include "options.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::config {
namespace {

constexpr std::size_t longest_tag = 32;

/// A listener while it is read, and what its options add to the model.
struct reading {
    listener made;
    grammar& all;
};

void take_passwords(cursor& at, reading& to, const token& word, auth_demand demand) {
    if (to.made.auth != auth_demand::no)
        at.leave(word, "\"auth\" and \"auth-optional\" in one listener", "remove one of them");
    if (!table_use_is_next(at)) {
        at.leave(word, "\"" + word.text + "\" without a table (the system's users) is not built yet",
                 "write " + word.text + " <table>, with rows user = \"user:crypt-hash\"");
    }
    to.made.auth = demand;
    to.made.passwords = take_table_use(at, "a table of credentials");
}

void take_smtps(cursor& at, reading& to) {
    to.made.smtps = true;
    if (at.skip_word("verify")) to.made.verify_client = true;
}

void take_tag(cursor& at, reading& to) {
    const written tag = at.take_string("a tag");
    if (tag.text.size() > longest_tag) at.fault(tag.where, "a tag of more than 32 bytes", "write a shorter one");
    to.made.tag = tag.text;
}

// The words are free to be names elsewhere: they are no keywords.
void take_bare_lf(cursor& at, reading& to) {
    if (at.skip_word("refuse")) {
        to.made.refuse_bare_lf = true;
    } else if (!at.skip_word("normalize")) {
        at.leave_unexpected(at.peek(), "normalize or refuse");
    }
}

constexpr option<reading> options[] = {
    {"auth", [](cursor& at, reading& to, const token& word) { take_passwords(at, to, word, auth_demand::required); }},
    {"auth-optional",
     [](cursor& at, reading& to, const token& word) { take_passwords(at, to, word, auth_demand::optional); }},
    {"bare-lf", [](cursor& at, reading& to, const token&) { take_bare_lf(at, to); }},
    {"ca", [](cursor& at, reading& to, const token&) { to.made.ca = at.take_string("the name of a ca"); }},
    {"certificate",
     [](cursor& at, reading& to, const token&) {
         to.made.pki.push_back(at.take_string("the name of a certificate"));
         to.all.certificates.push_back(to.made.pki.back());
     }},
    {"ciphers"},
    {"filter"},
    {"hostname", [](cursor& at, reading& to, const token&) { to.made.hostname = take_domain(at, "a host name"); }},
    {"hostnames"},
    {"inet4", [](cursor&, reading& to, const token&) { to.made.family = address_family::inet4; }},
    {"inet6", [](cursor&, reading& to, const token&) { to.made.family = address_family::inet6; }},
    {"mask-source", [](cursor&, reading& to, const token&) { to.made.mask_source = true; }},
    {"mask-src", [](cursor&, reading& to, const token&) { to.made.mask_source = true; }},
    {"no-dsn", [](cursor&, reading& to, const token&) { to.made.no_dsn = true; }},
    {"pki", [](cursor& at, reading& to, const token&) { to.made.pki.push_back(at.take_string("the name of a pki")); },
     true},
    {"port", [](cursor& at, reading& to, const token&) { to.made.port = at.take_string("a port"); }},
    {"protocols"},
    {"proxy-v2"},
    {"received-auth", [](cursor&, reading& to, const token&) { to.made.received_auth = true; }},
    {"secure",
     [](cursor& at, reading& to, const token&) {
         take_smtps(at, to);
         to.made.tls = true;
     }},
    {"senders",
     [](cursor& at, reading& to, const token&) {
         to.made.senders = take_table_use(at, "a table of addresses by user");
         to.made.masquerade = at.skip_word("masquerade");
     }},
    {"smtps", [](cursor& at, reading& to, const token&) { take_smtps(at, to); }},
    {"ssl",
     [](cursor& at, reading& to, const token&) {
         take_smtps(at, to);
         to.made.tls = true;
     }},
    {"tag", [](cursor& at, reading& to, const token&) { take_tag(at, to); }},
    {"tls", [](cursor&, reading& to, const token&) { to.made.tls = true; }},
    {"tls-require",
     [](cursor& at, reading& to, const token&) {
         to.made.tls = to.made.tls_require = true;
         if (at.skip_word("verify")) to.made.verify_client = true;
     }},
};

constexpr option<reading> socket_options[] = {
    {"bare-lf", [](cursor& at, reading& to, const token&) { take_bare_lf(at, to); }},
    {"filter"},
    {"mask-source", [](cursor&, reading& to, const token&) { to.made.mask_source = true; }},
    {"mask-src", [](cursor&, reading& to, const token&) { to.made.mask_source = true; }},
    {"no-dsn", [](cursor&, reading& to, const token&) { to.made.no_dsn = true; }},
    {"path", [](cursor& at, reading& to, const token&) { to.made.path = at.take_string("the path of a socket"); }},
    {"tag", [](cursor& at, reading& to, const token&) { take_tag(at, to); }},
};

}  // namespace

void read_listen(grammar& g, const token& word) {
    g.at.expect_word("on", "listen on ADDRESS, listen on INTERFACE or listen on all");
    reading now{{}, g};
    now.made.where = word.at.where();
    now.made.socket = g.at.skip_word("socket");
    if (now.made.socket) {
        read_options<reading>(g.at, now, socket_options, "option of \"listen on socket\"");
        const bool second = std::any_of(g.what.listeners.begin(), g.what.listeners.end(),
                                        [](const listener& other) { return other.socket; });
        if (second) g.at.fault(now.made.where, "a second \"listen on socket\"", "remove one of them");
    } else {
        const written on = g.at.take_string("an address, a name or an interface");
        now.made.on = on.text;
        now.made.where = on.where;
        read_options<reading>(g.at, now, options, "option of \"listen on\"");
        if (now.made.senders && !now.made.passwords) {
            g.at.fault(now.made.where, "\"senders\" without \"auth\"", "write auth <table> too");
        }
        if (now.made.port && now.made.smtps && now.made.tls) {
            g.at.fault(now.made.port->where, "one port cannot speak both smtps and tls",
                       "write two listeners, one with smtps and one with tls");
        }
    }
    g.what.listeners.push_back(std::move(now.made));
}

}  // namespace waypost::config
