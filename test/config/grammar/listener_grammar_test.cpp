#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost::config;
using waypost::smtp::bare_line_feed;
using waypost::smtp::requirement;

namespace {

listener listener_of(const std::string& text) { return model_of(text).listeners.at(0); }

}  // namespace

TEST_CASE("a listener stands on an address, a name, an interface or all", "[config][listener_grammar]") {
    for (const std::string on : {"192.0.2.1", "::1", "2001:db8::1", "mail.example.org", "eth0", "all", "localhost"}) {
        const listener one = listener_of("listen on " + on);
        CHECK(one.address == on);
        CHECK_FALSE(one.socket);
        CHECK(one.family == address_family::any);
        CHECK_FALSE(one.has_starttls());
    }
    CHECK(listener_of("listen on \"socket\"").address == "socket");
}

TEST_CASE("a listener with all that it can have", "[config][listener_grammar]") {
    const listener one = listener_of(
        "listen on all inet4 port 587 tls-require verify pki a pki \"b\" ca c auth <t> hostname mx.example.org tag T "
        "mask-src "
        "received-auth no-dsn bare-lf refuse");
    CHECK(one.family == address_family::inet4);
    CHECK(one.port->text == "587");
    CHECK(one.has_starttls());
    CHECK(one.settings.protocol.tls == requirement::required);
    CHECK(one.verify_client);
    CHECK_FALSE(one.smtps);
    CHECK(one.pki.size() == 2);
    CHECK(one.ca->text == "c");
    CHECK(one.settings.protocol.auth == requirement::required);
    CHECK(one.passwords->name == "t");
    CHECK(one.hostname->text == "mx.example.org");
    CHECK(one.settings.tag == "T");
    CHECK(one.settings.mask_source);
    CHECK(one.settings.received_auth);
    CHECK_FALSE(one.settings.protocol.dsn);
    CHECK(one.settings.protocol.line_feed == bare_line_feed::refuse);
    CHECK(one.location.column == 11);
}

TEST_CASE("the ways to say TLS", "[config][listener_grammar]") {
    CHECK(listener_of("listen on all tls").has_starttls());
    CHECK(listener_of("listen on all smtps").smtps);
    CHECK_FALSE(listener_of("listen on all smtps").has_starttls());
    CHECK(listener_of("listen on all smtps verify ca c").verify_client);
    for (const std::string both : {"ssl", "secure", "tls smtps"}) {
        CHECK(listener_of("listen on all " + both).smtps);
        CHECK(listener_of("listen on all " + both).has_starttls());
    }
}

TEST_CASE("a certificate of 2012 is a pki in 2012's directory, unless it is defined", "[config][listener_grammar]") {
    const model what = model_of(lines({"listen on all tls certificate mail", "listen on lo smtps certificate mine",
                                       "pki mine cert /a", "pki mine key /b"}));
    REQUIRE(what.pki.size() == 2);
    CHECK(what.pki[0].name == "mine");
    CHECK(what.pki[0].cert->text == "/a");
    CHECK(what.pki[1].name == "mail");
    CHECK(what.pki[1].cert->text == "/etc/mail/certs/mail.crt");
    CHECK(what.pki[1].key->text == "/etc/mail/certs/mail.key");
    CHECK(what.listeners[0].pki[0].text == "mail");
}

TEST_CASE("the socket takes few options", "[config][listener_grammar]") {
    const listener one = listener_of("listen on socket path \"/run/x\" tag LOCAL mask-source no-dsn bare-lf refuse");
    CHECK(one.socket);
    REQUIRE(one.path);
    CHECK(one.path->text == "/run/x");
    CHECK(one.settings.tag == "LOCAL");
    CHECK(one.settings.mask_source);
    CHECK_FALSE(one.settings.protocol.dsn);
    CHECK(one.settings.protocol.line_feed == bare_line_feed::refuse);
    CHECK(fault_of("listen on socket tls") == "t:1:18: unknown option of \"listen on socket\" \"tls\"");
    CHECK(fault_of("listen on socket filter x") == "t:1:18: \"filter\" is not built yet; remove it");
    CHECK(fault_of("listen on socket\nlisten on socket") == "t:2:1: a second \"listen on socket\"; remove one of them");
}

TEST_CASE("a bare line feed is a line end unless a listener refuses it", "[config][listener_grammar]") {
    CHECK(listener_of("listen on all").settings.protocol.line_feed == bare_line_feed::normalize);
    CHECK(listener_of("listen on all bare-lf normalize").settings.protocol.line_feed == bare_line_feed::normalize);
    CHECK(listener_of("listen on socket bare-lf normalize").settings.protocol.line_feed == bare_line_feed::normalize);
    CHECK(fault_of("listen on all bare-lf") == "t:1:22: expected normalize or refuse, found the end of the line");
    CHECK(fault_of("listen on all bare-lf tls") == "t:1:23: expected normalize or refuse, found \"tls\"");
    CHECK(fault_of("listen on all bare-lf refuse bare-lf refuse") ==
          "t:1:30: \"bare-lf\" stands here twice; remove one of them");
}

TEST_CASE("faults of listeners", "[config][listener_grammar]") {
    CHECK(fault_of("listen") ==
          "t:1:7: expected \"on\", found the end of the line; write listen on ADDRESS, listen on INTERFACE or listen "
          "on all");
    CHECK(fault_of("listen all") ==
          "t:1:8: expected \"on\", found \"all\"; write listen on ADDRESS, listen on INTERFACE or listen on all");
    CHECK(fault_of("listen on") == "t:1:10: expected an address, a name or an interface, found the end of the line");
    CHECK(fault_of("listen on all prot 25") ==
          "t:1:15: unknown option of \"listen on\" \"prot\"; did you mean \"port\"?");
    CHECK(fault_of("listen on all \"tls\"") == "t:1:15: expected an option of \"listen on\", found \"tls\"");
    CHECK(fault_of("listen on all { }") == "t:1:15: expected an option of \"listen on\", found \"{\"");
    CHECK(fault_of("listen on all port") == "t:1:19: expected a port, found the end of the line");
    CHECK(fault_of("listen on all tag a tag b") == "t:1:21: \"tag\" stands here twice; remove one of them");
    CHECK(fault_of("listen on all port 25 tls smtps") ==
          "t:1:20: one port cannot speak both smtps and tls; write two listeners, one with smtps and one with tls");
    CHECK(fault_of("listen on all tag " + std::string(33, 'x')) ==
          "t:1:19: a tag of more than 32 bytes; write a shorter one");
    CHECK(fault_of("listen on all hostname a..b") ==
          "t:1:24: \"a..b\" is not a host name; write it like mail.example.org");
    CHECK(
        fault_of("listen on all tls auth") ==
        "t:1:19: \"auth\" without a table (the system's users) is not built yet; write auth <table>, with rows user = "
        "\"user:crypt-hash\"");
    CHECK(fault_of("listen on all tls auth-optional tag x") ==
          "t:1:19: \"auth-optional\" without a table (the system's users) is not built yet; write auth-optional "
          "<table>, with "
          "rows user = \"user:crypt-hash\"");
    CHECK(fault_of("listen on all tls auth <a> auth-optional <b>") ==
          "t:1:28: \"auth\" and \"auth-optional\" in one listener; remove one of them");
}

TEST_CASE("listener options that are not built are named", "[config][listener_grammar]") {
    for (const std::string word : {"ciphers", "filter", "hostnames", "protocols", "proxy-v2"}) {
        CHECK(fault_of("listen on all " + word + " x") == "t:1:15: \"" + word + "\" is not built yet; remove it");
    }
}

TEST_CASE("pki and ca", "[config][tls_grammar]") {
    const model what =
        model_of(lines({"pki a cert /c", "pki a key /k", "pki b cert /x key /y dhe none", "ca r cert /r"}));
    REQUIRE(what.pki.size() == 2);
    CHECK(what.pki[0].cert->text == "/c");
    CHECK(what.pki[0].key->text == "/k");
    CHECK(what.pki[1].key->text == "/y");
    CHECK(what.ca[0].cert.text == "/r");
}

TEST_CASE("faults of pki and ca", "[config][tls_grammar]") {
    CHECK(fault_of("pki a") ==
          "t:1:6: expected \"cert\" or \"key\", found the end of the line; write pki NAME cert \"/path\"");
    CHECK(fault_of("pki a certificate /c") == "t:1:7: unknown option of \"pki\" \"certificate\"");
    CHECK(fault_of("pki a crt /c") == "t:1:7: unknown option of \"pki\" \"crt\"; did you mean \"cert\"?");
    CHECK(fault_of("pki a cert") == "t:1:11: expected a file, found the end of the line");
    CHECK(fault_of("pki a cert /c\npki a cert /d") ==
          "t:2:7: this pki has a cert already, at line 1; remove one of them");
    CHECK(fault_of("pki a dhe auto") == "t:1:11: \"dhe auto\" is not built yet; remove it");
    CHECK(fault_of("pki a dhe atuo") == "t:1:11: unknown level of dhe \"atuo\"; did you mean \"auto\"?");
    CHECK(fault_of("ca a /c") == "t:1:6: expected \"cert\", found \"/c\"; write ca NAME cert \"/path\"");
    CHECK(fault_of("ca a cert /c\nca a cert /d") == "t:2:4: there is a ca \"a\" already; give this one another name");
}

TEST_CASE("who may send as whom goes with who may log in", "[config][listener_grammar]") {
    const model what = model_of(lines({"table in { ada = \"ada:x\" }", "table who { ada = ada@example.org }",
                                       "listen on 127.0.0.1 tls auth <in> senders <who> masquerade"}));
    CHECK(what.listeners[0].senders->name == "who");
    CHECK(what.listeners[0].settings.masquerade);
    const model again = model_of(print(what));
    CHECK(again.listeners[0].senders->name == "who");
    CHECK(again.listeners[0].settings.masquerade);
    CHECK_THAT(fault_of("listen on 127.0.0.1 tls senders { ada = ada@example.org }"),
               Catch::Contains("without \"auth\""));
}
