#include "waypost/config/load/load.hpp"

#include <catch2/catch.hpp>

#include "config/load/loads.hpp"

using namespace waypost;
using namespace waypost::config;
using namespace std::chrono_literals;

TEST_CASE("settings reach their rooms", "[config][load]") {
    const generation made = settings_of(
        lines({"hostname MX.example.org", "queue path \"/var/q\"", "queue ttl 2d", "bounce warn-interval 1h",
               "resolver 192.0.2.53, 192.0.2.54:5353, [2001:db8::53]:54", "log format json"}) +
        a_rule);
    CHECK(made.host == "mx.example.org");
    CHECK(made.queue.host == made.host);
    CHECK(made.relay.host == made.host);
    CHECK(made.delivery.host == made.host);
    CHECK(made.spool.directory == "/var/q");
    CHECK(made.queue.ttl == 48h);
    CHECK(made.queue.warn_intervals == std::vector<std::chrono::seconds>{1h});
    REQUIRE(made.dns.servers.size() == 3);
    CHECK(net::to_string(made.dns.servers[0]) == "192.0.2.53:53");
    CHECK(net::to_string(made.dns.servers[1]) == "192.0.2.54:5353");
    CHECK(net::to_string(made.dns.servers[2]) == "[2001:db8::53]:54");
    CHECK(made.log.format == observe::log_format::json);
}

TEST_CASE("a host always has a name that can stand in a greeting", "[config][load]") {
    const generation made = settings_of(a_rule);
    CHECK(mail::domain::parse(made.host));
}

TEST_CASE("a DNS server is an address", "[config][load]") {
    CHECK(load_faults("resolver dns.example\n" + a_rule) ==
          "t:1:10: \"dns.example\" is no address of a DNS server; write it like 192.0.2.53, 192.0.2.53:5353 or "
          "[2001:db8::53]:53");
    CHECK(load_faults("resolver 192.0.2.1:0\n" + a_rule).starts_with("t:1:10: \"192.0.2.1:0\" is no address"));
}

TEST_CASE("all faults are reported at once, and then there are no settings", "[config][load]") {
    const load_result result = load_text(lines({"resolver x", "listen on 127.0.0.1 port banana",
                                                "action a relay host smtp://", "match for domain <none> action b"}));
    CHECK_FALSE(result.settings);
    CHECK(result.faults.size() == 5);
}

TEST_CASE("the 2012 example relays for who has logged in, and delivers here", "[config][load]") {
    const generation made = settings_of(
        lines({"table in_auth { gilles => \"gilles:$6$x$y\" }", "table out_auth { bleh => gilles:cleartextpasswd }",
               "listen on all tls auth <in_auth>", "accept for domain poolp.org deliver to maildir",
               "accept for any relay via tls+auth://bleh@mail.poolp.org auth <out_auth>"}));
    CHECK(made.delivery.actions.contains("maildir"));
    const auto& relay = made.relay.actions.at("relay tls+auth://bleh@mail.poolp.org");
    CHECK(relay.credentials->name() == "out_auth");
    for (const rules::rule& one : made.rules->rules()) CHECK(one.authenticated_pass_source);
    CHECK(made.inbound.listeners[0].protocol.auth == smtp::requirement::required);
}

TEST_CASE("what was printed loads as what it was printed from", "[config][load]") {
    const model what = model_of(
        lines({"table out_auth { bleh => gilles:cleartextpasswd }", "accept for domain poolp.org deliver to maildir",
               "accept for any relay via tls+auth://bleh@mail.poolp.org:587 auth <out_auth>"}));
    const generation made = settings_of(print(what));
    CHECK(made.rules->rules().size() == 4);
    CHECK(made.relay.actions.contains("relay tls+auth://bleh@mail.poolp.org:587"));
}
