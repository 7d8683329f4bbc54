#include <catch2/catch.hpp>

#include "config/load/loads.hpp"
#include "listen_addresses.hpp"

using namespace waypost;
using namespace waypost::config;

namespace {

/// Endpoints of the listeners, the Unix socket apart.
std::string endpoints(const generation& loaded) {
    std::string text;
    for (const auto& one : loaded.inbound.listeners) {
        if (!one.endpoint) continue;
        text += (text.empty() ? "" : " ") + net::to_string(*one.endpoint);
        if (one.implicit_tls) text += "!";
    }
    return text;
}

std::string endpoints_of(const std::string& text) { return endpoints(settings_of(text + "\n" + a_rule)); }

std::string faults(const std::string& text) { return load_faults(text + "\n" + a_rule); }

constexpr const char* self_signed_warning =
    "warning: TLS without a pki: clients see a self-signed certificate; write pki NAME cert \"/path\", pki NAME key "
    "\"/path\", "
    "and pki NAME on this listener";

}  // namespace

TEST_CASE("a listener's port is 25, 465 for smtps, or what is written", "[config][load_listeners]") {
    CHECK(endpoints_of("listen on 127.0.0.1") == "127.0.0.1:25");
    CHECK(endpoints_of("listen on 127.0.0.1 smtps") == "127.0.0.1:465!");
    CHECK(endpoints_of("listen on 127.0.0.1 port 2525") == "127.0.0.1:2525");
    CHECK(endpoints_of("listen on 127.0.0.1 port submission") == "127.0.0.1:587");
    CHECK(endpoints_of("listen on 127.0.0.1 smtps port 10465") == "127.0.0.1:10465!");
}

TEST_CASE("tls and smtps make two listeners", "[config][load_listeners]") {
    for (const std::string both : {"tls smtps", "ssl", "secure"}) {
        const generation made = settings_of("listen on 127.0.0.1 " + both + "\n" + a_rule);
        CHECK(endpoints(made) == "127.0.0.1:25 127.0.0.1:465!");
        CHECK(made.inbound.listeners[0].protocol.tls == smtp::requirement::offered);
        CHECK(made.inbound.listeners[1].protocol.tls == smtp::requirement::no);
    }
    CHECK(settings_of("listen on 127.0.0.1 tls-require\n" + a_rule).inbound.listeners[0].protocol.tls ==
          smtp::requirement::required);
}

TEST_CASE("all is every address of both families, a name and an interface are theirs", "[config][load_listeners]") {
    CHECK(endpoints_of("listen on all inet4 port 2525") == "0.0.0.0:2525");
    CHECK(endpoints_of("listen on lo inet4 port 2525") == "127.0.0.1:2525");
    CHECK(endpoints_of("listen on localhost inet4 port 2525") == "127.0.0.1:2525");
    CHECK(endpoints_of("listen on ::1 port 2525") == "[::1]:2525");
    const auto all = find_addresses("all", address_family::any);
    const auto& found = std::get<listen_addresses>(all);
    CHECK(found.addresses.size() + found.skipped.size() == 2);
    CHECK(found.addresses.front().is_v4());
}

TEST_CASE("what cannot be listened on is a fault", "[config][load_listeners]") {
    CHECK(faults("listen on ol").starts_with("t:1:11: \"ol\" is no address, no interface and no host name ("));
    CHECK(faults("listen on ol").ends_with("did you mean \"lo\"?"));
    CHECK(faults("listen on nothing.invalid")
              .starts_with("t:1:11: \"nothing.invalid\" is no address, no interface and no host"));
    CHECK(faults("listen on 127.0.0.1 inet6") ==
          "t:1:11: \"127.0.0.1\" is not of the family that is wanted; leave out inet4 and inet6");
    CHECK(faults("listen on 127.0.0.1 port 65536") ==
          "t:1:26: \"65536\" is no port; write a number up to 65535, or smtp, submission or smtps");
    CHECK(faults("listen on 127.0.0.1 port banana") ==
          "t:1:26: \"banana\" is no port; write a number up to 65535, or smtp, submission or smtps");
}

TEST_CASE("two listeners on one endpoint are a fault", "[config][load_listeners]") {
    CHECK(faults("listen on 127.0.0.1\nlisten on 127.0.0.1") ==
          "t:2:11: 127.0.0.1:25 is listened on already, at line 1; remove one of them, or give it another port");
    CHECK(faults("listen on all inet4\nlisten on 127.0.0.1") ==
          "t:2:11: 127.0.0.1:25 is listened on already, at line 1; remove one of them, or give it another port");
    CHECK(faults("listen on 127.0.0.1 port 0\nlisten on 127.0.0.1 port 0").empty());
    CHECK(faults("listen on 127.0.0.1\nlisten on 127.0.0.1 smtps") == std::string("t:2:11: ") + self_signed_warning);
}

TEST_CASE("the Unix socket is always there", "[config][load_listeners]") {
    const generation plain = settings_of("queue path \"/var/q\"\n" + a_rule);
    REQUIRE(plain.inbound.listeners.size() == 1);
    CHECK_FALSE(plain.inbound.listeners[0].endpoint);
    CHECK(plain.inbound.socket_path.empty());
    CHECK(plain.inbound.state_directory == "/var/q");
    CHECK(plain.inbound.listeners[0].protocol.tls == smtp::requirement::no);
    CHECK(plain.inbound.listeners[0].protocol.auth == smtp::requirement::no);

    const generation tagged =
        settings_of("listen on socket tag L mask-src no-dsn bare-lf refuse\nlisten on 127.0.0.1\n" + a_rule);
    REQUIRE(tagged.inbound.listeners.size() == 2);
    CHECK_FALSE(tagged.inbound.listeners[1].endpoint);
    CHECK(tagged.inbound.listeners[1].tag == "L");
    CHECK(tagged.inbound.listeners[1].mask_source);
    CHECK_FALSE(tagged.inbound.listeners[1].protocol.dsn);
    CHECK(tagged.inbound.listeners[1].protocol.line_feed == smtp::bare_line_feed::refuse);
    CHECK(tagged.inbound.listeners[0].protocol.line_feed == smtp::bare_line_feed::normalize);
}

TEST_CASE("a queue path too long for the socket is a fault", "[config][load_listeners]") {
    const std::string path = "/" + std::string(120, 'x');
    CHECK(faults("queue path \"" + path + "\"") ==
          "t:1:12: the queue path is too long for the Unix socket in it; choose one of at most 90 bytes");
    CHECK(faults("queue path \"" + path.substr(0, 90) + "\"").empty());
    CHECK(faults("listen on socket path \"" + path + "\"") ==
          "t:1:23: the path of the socket is too long; choose one of at most 107 bytes");
    CHECK(faults("queue path \"" + path + "\"\nlisten on socket path \"/run/x\"").empty());
}

TEST_CASE("audit 26: the socket of local programs is where the configuration says, or else the environment",
          "[config][load_listeners]") {
    CHECK(settings_of("listen on socket path \"/run/x\"\n" + a_rule).inbound.socket_path == "/run/x");
    struct in_environment {
        explicit in_environment(const char* path) { ::setenv("WAYPOST_SOCKET", path, 1); }
        ~in_environment() { ::unsetenv("WAYPOST_SOCKET"); }
    };
    const in_environment elsewhere("/run/y");
    CHECK(settings_of(a_rule).inbound.socket_path == "/run/y");
    CHECK(settings_of("listen on socket path \"/run/x\"\n" + a_rule).inbound.socket_path == "/run/x");
    const in_environment relative("run/z");
    CHECK_THAT(faults(""), Catch::Contains("WAYPOST_SOCKET \"run/z\" is relative"));
}

TEST_CASE("audit 26: a relative path is a fault that says what to write", "[config][load_listeners]") {
    CHECK(faults("queue path \"var/spool\"") ==
          "t:1:12: the queue path \"var/spool\" is relative; write the whole path, as in \"/directory/var/spool\"");
    CHECK_THAT(faults("listen on socket path x.sock"),
               Catch::Contains("t:1:23: the path of the socket \"x.sock\" is rel"));
    CHECK_THAT(faults("pki p cert a.crt key b.key"),
               Catch::Contains("the path of the certificate \"a.crt\" is relative") &&
                   Catch::Contains("the path of the key \"b.key\" is relative"));
    CHECK_THAT(faults("ca c cert a.crt"), Catch::Contains("the path of the certificates \"a.crt\" is relative"));
}

TEST_CASE("a listener knows its name, its limits and its options", "[config][load_listeners]") {
    const generation made = settings_of(
        lines({"hostname mx.example.org", "smtp max-message-size 1M", "smtp limit max-rcpt 5 max-mails 6",
               "listen on 127.0.0.1 hostname Other.example.org tag T mask-src received-auth no-dsn bare-lf refuse",
               "listen on 127.0.0.2"}) +
        a_rule);
    const auto& first = made.inbound.listeners[0];
    CHECK(first.protocol.host.text() == "other.example.org");
    CHECK(first.protocol.limits.max_message_size == 1U << 20);
    CHECK(first.protocol.limits.max_recipients == 5);
    CHECK(first.protocol.limits.max_transactions == 6);
    CHECK(first.tag == "T");
    CHECK(first.mask_source);
    CHECK(first.received_auth);
    CHECK_FALSE(first.protocol.dsn);
    CHECK(first.protocol.line_feed == smtp::bare_line_feed::refuse);
    CHECK(made.inbound.listeners[1].protocol.host.text() == "mx.example.org");
    CHECK(made.inbound.listeners[1].protocol.dsn);
}

TEST_CASE("what clients may cost is loaded", "[config][load_listeners]") {
    const inbound::settings made =
        settings_of(lines({"smtp limit max-envelopes 7 max-sessions-per-address 8 max-sessions-per-network 9 "
                           "max-content-memory 2M min-rate 10 max-sessions 11",
                           "smtp timeout session 2h", "listen on 127.0.0.1"}) +
                    a_rule)
            .inbound;
    CHECK(made.max_envelopes == 7);
    CHECK(made.max_sessions_of_client == 8);
    CHECK(made.max_sessions_of_network == 9);
    CHECK(made.content_memory == 2U << 20);
    CHECK(made.min_rate == 10);
    CHECK(made.max_sessions == 11);
    CHECK(made.times.session == std::chrono::hours(2));
}

TEST_CASE("auth needs TLS, except on the loopback", "[config][load_listeners]") {
    const std::string users = "table u { a = \"a:$6$x$y\" }\n";
    CHECK(faults(users + "listen on all inet4 auth <u>") ==
          "t:2:11: \"auth\" without TLS: passwords would go in clear text; write tls or smtps too");
    CHECK(faults(users + "listen on 127.0.0.1 auth <u>") ==
          "t:2:11: warning: passwords without TLS, allowed on the loopback only; write tls to protect them");
    const generation made =
        settings_of(users + "listen on 127.0.0.1 auth <u>\nlisten on 127.0.0.2 auth-optional <u>\n" + a_rule);
    CHECK(made.inbound.listeners[0].protocol.auth == smtp::requirement::required);
    CHECK(made.inbound.listeners[0].protocol.tls == smtp::requirement::no);
    CHECK(made.inbound.listeners[0].passwords != nullptr);
    CHECK(made.inbound.listeners[1].protocol.auth == smtp::requirement::offered);
}

TEST_CASE("passwords of clients that cannot work are told, and not shown", "[config][load_listeners]") {
    const auto of_value = [](const std::string& value) {
        return faults("listen on 127.0.0.1 tls auth {\n a = \"" + value + "\" }");
    };
    const std::string and_tls = std::string("\nt:1:11: ") + self_signed_warning;
    CHECK(of_value("a:$6$x$y") == std::string("t:1:11: ") + self_signed_warning);
    CHECK(of_value("a:{PLAIN}x") == std::string("t:1:11: ") + self_signed_warning);
    CHECK(of_value("a:secret") ==
          "t:2:2: warning: the password of \"a\" does not look like a crypt hash, and in clear text it "
          "lets nobody in; write what `waypost encrypt` prints" +
              and_tls);
    CHECK(of_value("b:$6$x$y") ==
          "t:2:2: warning: the credentials of \"a\" name another user, so they let nobody in; write the "
          "same name before the \":\"" +
              and_tls);
    CHECK(of_value("a:") ==
          "t:2:2: the credentials of \"a\" cannot be used: there is no password; write user = \"user:crypt-hash\"" +
              and_tls);
    CHECK(faults("listen on 127.0.0.1 tls auth { secret }") ==
          "t:1:30: the table of \"auth\" is a list; write rows of the form user = \"user:crypt-hash\"" + and_tls);
}

TEST_CASE("a certificate without TLS is a warning", "[config][load_listeners]") {
    CHECK(faults("pki p cert /c key /k\nlisten on 127.0.0.1 pki p") ==
          "t:2:11: warning: a certificate, but neither tls nor smtps; write tls or smtps too");
}
