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
    config::listener listener;
    config::grammar& grammar;
};

void take_passwords(cursor& cursor, reading& reading, const token& word, auth_demand requirement) {
    if (reading.listener.auth != auth_demand::no)
        cursor.fail(word, "\"auth\" and \"auth-optional\" in one listener", "remove one of them");
    if (!table_use_is_next(cursor)) {
        cursor.fail(word, "\"" + word.text + "\" without a table (the system's users) is not built yet",
                    "write " + word.text + " <table>, with rows user = \"user:crypt-hash\"");
    }
    reading.listener.auth = requirement;
    reading.listener.passwords = take_table_use(cursor, "a table of credentials");
}

void take_smtps(cursor& cursor, reading& reading) {
    reading.listener.smtps = true;
    if (cursor.skip_word("verify")) reading.listener.verify_client = true;
}

void take_tag(cursor& cursor, reading& reading) {
    const located_string tag = cursor.take_string("a tag");
    if (tag.text.size() > longest_tag) cursor.fault(tag.location, "a tag of more than 32 bytes", "write a shorter one");
    reading.listener.tag = tag.text;
}

// The words are free to be names elsewhere: they are no keywords.
void take_bare_lf(cursor& cursor, reading& reading) {
    if (cursor.skip_word("refuse")) {
        reading.listener.refuse_bare_lf = true;
    } else if (!cursor.skip_word("normalize")) {
        cursor.fail_unexpected(cursor.peek(), "normalize or refuse");
    }
}

constexpr option<reading> options[] = {
    {"auth", [](cursor& cursor, reading& reading,
                const token& word) { take_passwords(cursor, reading, word, auth_demand::required); }},
    {"auth-optional", [](cursor& cursor, reading& reading,
                         const token& word) { take_passwords(cursor, reading, word, auth_demand::optional); }},
    {"bare-lf", [](cursor& cursor, reading& reading, const token&) { take_bare_lf(cursor, reading); }},
    {"ca", [](cursor& cursor, reading& reading,
              const token&) { reading.listener.ca = cursor.take_string("the name of a ca"); }},
    {"certificate",
     [](cursor& cursor, reading& reading, const token&) {
         reading.listener.pki.push_back(cursor.take_string("the name of a certificate"));
         reading.grammar.certificates.push_back(reading.listener.pki.back());
     }},
    {"ciphers"},
    {"filter"},
    {"hostname", [](cursor& cursor, reading& reading,
                    const token&) { reading.listener.hostname = take_domain(cursor, "a host name"); }},
    {"hostnames"},
    {"inet4", [](cursor&, reading& reading, const token&) { reading.listener.family = address_family::inet4; }},
    {"inet6", [](cursor&, reading& reading, const token&) { reading.listener.family = address_family::inet6; }},
    {"mask-source", [](cursor&, reading& reading, const token&) { reading.listener.mask_source = true; }},
    {"mask-src", [](cursor&, reading& reading, const token&) { reading.listener.mask_source = true; }},
    {"no-dsn", [](cursor&, reading& reading, const token&) { reading.listener.no_dsn = true; }},
    {"pki",
     [](cursor& cursor, reading& reading, const token&) {
         reading.listener.pki.push_back(cursor.take_string("the name of a pki"));
     },
     true},
    {"port",
     [](cursor& cursor, reading& reading, const token&) { reading.listener.port = cursor.take_string("a port"); }},
    {"protocols"},
    {"proxy-v2"},
    {"received-auth", [](cursor&, reading& reading, const token&) { reading.listener.received_auth = true; }},
    {"secure",
     [](cursor& cursor, reading& reading, const token&) {
         take_smtps(cursor, reading);
         reading.listener.tls = true;
     }},
    {"senders",
     [](cursor& cursor, reading& reading, const token&) {
         reading.listener.senders = take_table_use(cursor, "a table of addresses by user");
         reading.listener.masquerade = cursor.skip_word("masquerade");
     }},
    {"smtps", [](cursor& cursor, reading& reading, const token&) { take_smtps(cursor, reading); }},
    {"ssl",
     [](cursor& cursor, reading& reading, const token&) {
         take_smtps(cursor, reading);
         reading.listener.tls = true;
     }},
    {"tag", [](cursor& cursor, reading& reading, const token&) { take_tag(cursor, reading); }},
    {"tls", [](cursor&, reading& reading, const token&) { reading.listener.tls = true; }},
    {"tls-require",
     [](cursor& cursor, reading& reading, const token&) {
         reading.listener.tls = reading.listener.tls_require = true;
         if (cursor.skip_word("verify")) reading.listener.verify_client = true;
     }},
};

constexpr option<reading> socket_options[] = {
    {"bare-lf", [](cursor& cursor, reading& reading, const token&) { take_bare_lf(cursor, reading); }},
    {"filter"},
    {"mask-source", [](cursor&, reading& reading, const token&) { reading.listener.mask_source = true; }},
    {"mask-src", [](cursor&, reading& reading, const token&) { reading.listener.mask_source = true; }},
    {"no-dsn", [](cursor&, reading& reading, const token&) { reading.listener.no_dsn = true; }},
    {"path", [](cursor& cursor, reading& reading,
                const token&) { reading.listener.path = cursor.take_string("the path of a socket"); }},
    {"tag", [](cursor& cursor, reading& reading, const token&) { take_tag(cursor, reading); }},
};

}  // namespace

void read_listen(grammar& g, const token& word) {
    g.cursor.expect_word("on", "listen on ADDRESS, listen on INTERFACE or listen on all");
    reading now{{}, g};
    now.listener.location = word.position.where();
    now.listener.socket = g.cursor.skip_word("socket");
    if (now.listener.socket) {
        read_options<reading>(g.cursor, now, socket_options, "option of \"listen on socket\"");
        const bool second = std::any_of(g.model.listeners.begin(), g.model.listeners.end(),
                                        [](const listener& listener) { return listener.socket; });
        if (second) g.cursor.fault(now.listener.location, "a second \"listen on socket\"", "remove one of them");
    } else {
        const located_string on = g.cursor.take_string("an address, a name or an interface");
        now.listener.address = on.text;
        now.listener.location = on.location;
        read_options<reading>(g.cursor, now, options, "option of \"listen on\"");
        if (now.listener.senders && !now.listener.passwords) {
            g.cursor.fault(now.listener.location, "\"senders\" without \"auth\"", "write auth <table> too");
        }
        if (now.listener.port && now.listener.smtps && now.listener.tls) {
            g.cursor.fault(now.listener.port->location, "one port cannot speak both smtps and tls",
                           "write two listeners, one with smtps and one with tls");
        }
    }
    g.model.listeners.push_back(std::move(now.listener));
}

}  // namespace waypost::config
