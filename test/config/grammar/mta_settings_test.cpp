#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost;
using namespace waypost::config;
using namespace std::chrono_literals;

TEST_CASE("limits of outgoing connections are set by the words that OpenSMTPD has", "[config][mta_settings]") {
    const model what = model_of(lines({"mta limit max-conn-per-host 7 conn-delay-route 5 session-keepalive 1m",
                                       "mta limit { max-conn-per-relay 30, session-mail-max 50 }"}));
    CHECK(what.relay.limits.general.per_host == 7);
    CHECK(what.relay.limits.general.route_delay == 5s);
    CHECK(what.relay.limits.general.keepalive == 1min);
    CHECK(what.relay.limits.general.per_relay == 30);
    CHECK(what.relay.limits.general.messages == 50);
}

TEST_CASE("a domain has limits of its own, and the general ones for the rest", "[config][mta_settings]") {
    const model what =
        model_of(lines({"mta limit max-conn-per-relay 30", "mta limit for domain Slow.Example.org max-conn-per-host 2",
                        "mta limit for domain slow.example.org inet4"}));
    const relay::limits& slow = what.relay.limits.of("slow.example.org");
    CHECK(slow.per_host == 2);
    CHECK(slow.per_relay == 30);
    CHECK_FALSE(slow.inet6);
    CHECK(what.relay.limits.of("example.org").inet6);
    CHECK(what.relay.limits.of("example.org").per_host == relay::limits().per_host);
}

TEST_CASE("audit 25: the families that `mta limit` names are allowed, both where both are named",
          "[config][mta_settings]") {
    const auto families = [](const std::string& text) {
        const relay::limits limits = model_of(text).relay.limits.of("d.example");
        return std::string(limits.inet4 ? "4" : "") + (limits.inet6 ? "6" : "");
    };
    CHECK(families("") == "46");
    CHECK(families("mta limit inet4") == "4");
    CHECK(families("mta limit inet6") == "6");
    CHECK(families("mta limit inet4 inet6") == "46");
    CHECK(families("mta limit inet6\nmta limit for domain d.example inet4") == "4");
    CHECK(families("mta limit inet6\nmta limit for domain d.example inet4 inet6") == "46");
    CHECK(families("mta limit inet6\nmta limit for domain d.example max-conn-per-host 2") == "6");
}

TEST_CASE("audit 25: families are printed as they are read", "[config][mta_settings]") {
    for (const char* words : {"inet4", "inet6", "inet4 inet6"}) {
        const model once = model_of(
            lines({"mta limit inet6", std::string("mta limit for domain d.example max-conn-per-host 2 ") + words}));
        const model again = model_of(print(once));
        CHECK(again.relay.limits.general == once.relay.limits.general);
        CHECK(again.relay.limits.by_domain == once.relay.limits.by_domain);
    }
}

TEST_CASE("the queue's shares are set among the limits of mta", "[config][mta_settings]") {
    const model what = model_of(lines({"mta limit task-hiwat 50", "mta max-deferred 20"}));
    CHECK(what.queue.window == 50);
    CHECK(what.queue.max_deferred == 20);
}

TEST_CASE("what mta does not know is named, with what is near", "[config][mta_settings]") {
    CHECK(fault_of("mta limit max-con-per-host 7") ==
          "t:1:11: unknown limit of \"mta\" \"max-con-per-host\"; did you mean \"max-conn-per-host\"?");
    CHECK_THAT(fault_of("mta limit task-lowat 30"), Catch::Contains("no meaning here"));
    CHECK_THAT(fault_of("mta limit max-conn-per-host 0"), Catch::Contains("a number"));
    CHECK_FALSE(fault_of("mta limit").empty());
    CHECK_FALSE(fault_of("mta limit { max-conn-per-host 7").empty());
    CHECK_FALSE(fault_of("mta limits max-conn-per-host 7").empty());
}

TEST_CASE("limits of mta are printed as they are read", "[config][mta_settings]") {
    const std::string text = lines({"mta limit max-conn-per-host 7 conn-delay-route 5",
                                    "mta limit for domain slow.example.org inet4 max-conn-per-host 2",
                                    "mta limit task-hiwat 50", "mta max-deferred 20"});
    const model once = model_of(text);
    const model again = model_of(print(once));
    CHECK(again.relay.limits.general == once.relay.limits.general);
    CHECK(again.relay.limits.by_domain == once.relay.limits.by_domain);
    CHECK(again.queue.window == 50);
    CHECK(again.queue.max_deferred == 20);
}

TEST_CASE("a relay by domain, as a backup, in order and with names by source", "[config][mta_settings]") {
    const model what = model_of(
        lines({"table names { 192.0.2.1 = out1.example.org }", "table urls { example.org = smtp://in.example.org }",
               "action a relay domain <urls> helo-src <names>", "action b relay backup mx mx2.example.org",
               "action c relay backup", "action d relay host { smtp://a.example, smtp://b.example } ordered"}));
    CHECK(what.actions[0].by_domain->name == "urls");
    CHECK(what.actions[0].helo_names->name == "names");
    CHECK(what.actions[1].relay.backup.value() == "mx2.example.org");
    CHECK(what.actions[2].relay.backup.value().empty());
    CHECK(what.actions[3].relay.ordered);
    const model again = model_of(print(what));
    CHECK(again.actions[1].relay.backup.value() == "mx2.example.org");
    CHECK(again.actions[3].relay.ordered);
    CHECK_THAT(fault_of("action a relay host smtp://a.example backup"), Catch::Contains("keep one"));
    CHECK_THAT(fault_of("action a relay ordered"), Catch::Contains("ordered"));
}
