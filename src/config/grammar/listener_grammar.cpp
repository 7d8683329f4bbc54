// listen on ADDRESS | NAME | INTERFACE | all | socket [options]
#include <algorithm>

#include "grammar.hpp"
#include "option.hpp"

namespace waypost::config {
namespace {

using smtp::requirement;
using settings = inbound::listener_settings;
using protocol = smtp::server_settings;

template <auto... Members>
constexpr auto in_settings = field<&listener::settings, Members...>;
template <auto Member>
constexpr auto in_protocol = in_settings<&settings::protocol, Member>;

// --- TLS

void allow_tls(listener& listener) {
    if (!listener.has_starttls()) listener.settings.protocol.tls = requirement::offered;
}

void read_tls(cursor&, listener& listener, const token&) { allow_tls(listener); }

void read_verify(cursor& cursor, listener& listener) {
    if (cursor.skip_word("verify")) listener.verify_client = true;
}

void read_tls_require(cursor& cursor, listener& listener, const token&) {
    listener.settings.protocol.tls = requirement::required;
    read_verify(cursor, listener);
}

void read_smtps(cursor& cursor, listener& listener, const token&) {
    listener.smtps = true;
    read_verify(cursor, listener);
}

/// `ssl` and `secure` of 2012.
void read_both(cursor& cursor, listener& listener, const token& word) {
    read_smtps(cursor, listener, word);
    allow_tls(listener);
}

void print_tls(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    if (listener.settings.protocol.tls == requirement::offered) pieces.emplace_back("tls");
}

void print_with_verify(const listener& listener, const char* word, std::vector<std::string>& pieces) {
    pieces.push_back(word + std::string(listener.verify_client ? " verify" : ""));
}

void print_tls_require(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    if (listener.settings.protocol.tls == requirement::required) print_with_verify(listener, "tls-require", pieces);
}

void print_smtps(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    if (listener.smtps) print_with_verify(listener, "smtps", pieces);
}

void read_pki(cursor& cursor, listener& listener, const token&) {
    listener.pki.push_back(cursor.take_string("the name of a pki"));
}

void read_certificate(cursor& cursor, listener& listener, const token&) {
    listener.pki.push_back(cursor.take_string("the name of a certificate"));
    listener.certificates.push_back(listener.pki.back());
}

void print_pki(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    for (const located_string& name : listener.pki) pieces.push_back("pki " + in_quotes(name.text));
}

// --- who logs in

void read_passwords(cursor& cursor, listener& listener, const token& word) {
    if (listener.settings.protocol.auth != requirement::no)
        cursor.fail(word, "\"auth\" and \"auth-optional\" in one listener", "remove one of them");
    if (!table_use_is_next(cursor)) {
        cursor.fail(word, "\"" + word.text + "\" without a table (the system's users) is not built yet",
                    "write " + word.text + " <table>, with rows user = \"user:crypt-hash\"");
    }
    listener.settings.protocol.auth = word.is_word("auth") ? requirement::required : requirement::offered;
    listener.passwords = take_table_use(cursor, "a table of credentials");
}

void print_passwords(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    if (!listener.passwords) return;
    const bool is_required = listener.settings.protocol.auth == requirement::required;
    pieces.push_back((is_required ? "auth " : "auth-optional ") + use(*listener.passwords, shown::no_secrets));
}

void read_senders(cursor& cursor, listener& listener, const token&) {
    listener.senders = take_table_use(cursor, "a table of addresses by user");
    listener.settings.masquerade = cursor.skip_word("masquerade");
}

void print_senders(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    if (!listener.senders) return;
    pieces.push_back("senders " + use(*listener.senders) + (listener.settings.masquerade ? " masquerade" : ""));
}

// --- what both kinds of listener have

void read_tag(cursor& cursor, listener& listener, const token&) {
    constexpr std::size_t longest_tag = 32;
    const located_string tag = cursor.take_string("a tag");
    if (tag.text.size() > longest_tag) cursor.fault(tag.location, "a tag of more than 32 bytes", "write a shorter one");
    listener.settings.tag = tag.text;
}

void print_tag(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    if (!listener.settings.tag.empty()) pieces.push_back("tag " + in_quotes(listener.settings.tag));
}

// The words are free to be names elsewhere: they are no keywords.
void read_bare_lf(cursor& cursor, listener& listener, const token&) {
    using smtp::bare_line_feed;
    const bool is_refused = cursor.skip_word("refuse");
    if (!is_refused && !cursor.skip_word("normalize")) cursor.fail_unexpected(cursor.peek(), "normalize or refuse");
    listener.settings.protocol.line_feed = is_refused ? bare_line_feed::refuse : bare_line_feed::normalize;
}

void print_bare_lf(const listener& listener, const config::listener&, std::vector<std::string>& pieces) {
    if (listener.settings.protocol.line_feed == smtp::bare_line_feed::refuse) pieces.emplace_back("bare-lf refuse");
}

constexpr option<listener> tag = {"tag", custom{&read_tag, &print_tag, "NAME"}, "a name that rules can ask for"};
constexpr option<listener> mask_source = {"mask-src", constant{in_settings<&settings::mask_source>, true},
                                          "leave the client's name and address out of the Received field"};
constexpr option<listener> mask_source_of_2013 = {"mask-source", mask_source.value};
constexpr option<listener> no_dsn = {"no-dsn", constant{in_protocol<&protocol::dsn>, false},
                                     "do not offer the DSN extension"};
constexpr option<listener> bare_lf = {"bare-lf", custom{&read_bare_lf, &print_bare_lf, "normalize|refuse"},
                                      "what becomes of content with a line feed that has no carriage return"};

constexpr option<listener> options[] = {
    {"inet4", constant{field<&listener::family>, address_family::inet4}, "IPv4 addresses only"},
    {"inet6", constant{field<&listener::family>, address_family::inet6}, "IPv6 addresses only"},
    {"port", setting{field<&listener::port>, string_value{"a port", false}},
     "a number or the name of a service; by default 25, or 465 with smtps"},
    {"tls", custom{&read_tls, &print_tls}, "offer STARTTLS"},
    {"tls-require", custom{&read_tls_require, &print_tls_require, "[verify]"},
     "demand STARTTLS; with verify also a certificate of the client"},
    {"smtps", custom{&read_smtps, &print_smtps, "[verify]"}, "TLS from the first byte; with tls on a port of its own"},
    {"pki", custom{&read_pki, &print_pki, "NAME"},
     "a certificate to show; of several, the one that the client asks for", printing::if_changed, true},
    {"ca", setting{field<&listener::ca>, string_value{"the name of a ca"}}, "who signs certificates of clients"},
    {"auth", custom{&read_passwords, &print_passwords, "TABLE"}, "clients must log in"},
    {"auth-optional", custom<listener>{&read_passwords, nullptr, "TABLE"}, "clients may log in"},
    {"senders", custom{&read_senders, &print_senders, "TABLE [masquerade]"},
     "the addresses that a user may send from; with masquerade the From field has them too"},
    {"hostname", setting{field<&listener::hostname>, domain_name()}, "the name in the greeting"},
    tag,
    mask_source,
    {"received-auth", constant{in_settings<&settings::received_auth>, true}, "name the user in the Received field"},
    no_dsn,
    bare_lf,
    {"certificate", custom{&read_certificate}},
    mask_source_of_2013,
    {"secure", custom{&read_both}},
    {"ssl", custom{&read_both}},
    {"ciphers"},
    {"filter"},
    {"hostnames"},
    {"protocols"},
    {"proxy-v2"},
};

constexpr option<listener> socket_options[] = {
    {"path", setting{field<&listener::path>, string_value{"the path of a socket"}},
     "by default /run/waypost/smtp.sock or, where that cannot be made, one in the queue's directory"},
    tag,
    mask_source,
    no_dsn,
    bare_lf,
    mask_source_of_2013,
    {"filter"},
};

void read_socket(grammar& g, listener& made) {
    read_options<listener>(g.cursor, made, socket_options, "option of \"listen on socket\"");
    const bool is_second = std::ranges::any_of(g.model.listeners, &listener::socket);
    if (is_second) g.cursor.fault(made.location, "a second \"listen on socket\"", "remove one of them");
}

void read_address(grammar& g, listener& made) {
    const located_string address = g.cursor.take_string("an address, a name or an interface");
    made.address = address.text;
    made.location = address.location;
    read_options<listener>(g.cursor, made, options, "option of \"listen on\"");
    if (made.senders && !made.passwords)
        g.cursor.fault(made.location, "\"senders\" without \"auth\"", "write auth <table> too");
    if (made.port && made.smtps && made.has_starttls()) {
        g.cursor.fault(made.port->location, "one port cannot speak both smtps and tls",
                       "write two listeners, one with smtps and one with tls");
    }
}

}  // namespace

void read_listen(grammar& g, const token& word) {
    g.cursor.expect_word("on", "listen on ADDRESS, listen on INTERFACE or listen on all");
    listener made;
    made.location = word.position.where();
    made.socket = g.cursor.skip_word("socket");
    made.socket ? read_socket(g, made) : read_address(g, made);
    g.certificates.insert(g.certificates.end(), made.certificates.begin(), made.certificates.end());
    g.model.listeners.push_back(std::move(made));
}

std::span<const option<listener>> listener_options() { return options; }
std::span<const option<listener>> socket_listener_options() { return socket_options; }

}  // namespace waypost::config
