#include "delivery_list.hpp"

#include <catch2/catch.hpp>

#include "same_destination.hpp"
#include "waypost/mail/mailbox.hpp"

using namespace waypost;
using inbound::delivery_list;
using inbound::merged;
using inbound::same_destination;
using spool::envelope;

namespace {

mail::mailbox address(const std::string& text) { return mail::mailbox::parse(text).value(); }

envelope to(const std::string& mailbox, const std::string& user = {}) {
    return {.hop = {.action = "out", .domain = {}},
            .recipient = {.address = address(mailbox), .notify = {}, .original = {}},
            .user = user};
}

std::vector<envelope> all_to(std::initializer_list<const char*> mailboxes) {
    std::vector<envelope> all;
    for (const char* each : mailboxes) all.push_back(to(each));
    return all;
}

mail::dsn_notify notify(const char* text) { return mail::notify_from_text(text).value(); }

}  // namespace

TEST_CASE("audit 9: a destination has one envelope, however many recipients lead there", "[inbound][delivery_list]") {
    delivery_list list(100);
    CHECK(list.add({to("alice@a.example", "alice")}));
    CHECK(list.add({to("ALICE@a.example", "alice")}));
    CHECK(list.add({to("alice@a.example", "alice"), to("bob@a.example", "bob"), to("alice@a.example", "alice")}));
    const auto kept = list.take();
    REQUIRE(kept.size() == 2);
    CHECK(kept[0].recipient.address.text() == "alice@a.example");
    CHECK(kept[1].user == "bob");
    CHECK(list.size() == 0);
}

TEST_CASE("audit 9: what differs in action, user, tag, target or address is another destination",
          "[inbound][delivery_list]") {
    const envelope one = to("alice@a.example", "alice");
    envelope other = one;
    CHECK(same_destination(one, other));
    SECTION("action") { other.hop.action = "local"; }
    SECTION("domain") { other.hop.domain = "b.example"; }
    SECTION("user") { other.user = "bob"; }
    SECTION("tag") { other.extension = "lists"; }
    SECTION("target") { other.target = "|cat"; }
    SECTION("address") { other.recipient.address = address("alice@b.example"); }
    CHECK((same_destination(one, other) ==
           (one.recipient.address == other.recipient.address && one.hop == other.hop && one.user == other.user &&
            one.extension == other.extension && one.target == other.target)));
}

TEST_CASE("audit 9: the local-part of an address elsewhere is its host's to read", "[inbound][delivery_list]") {
    CHECK_FALSE(same_destination(to("Alice@a.example"), to("alice@a.example")));
    CHECK(same_destination(to("alice@A.example"), to("alice@a.example")));
}

TEST_CASE("audit 9: adding is all or nothing", "[inbound][delivery_list]") {
    delivery_list list(3);
    CHECK(list.add(all_to({"a@x.example", "b@x.example"})));
    CHECK_FALSE(list.add(all_to({"c@x.example", "a@x.example", "d@x.example"})));
    CHECK(list.size() == 2);
    CHECK(list.add(all_to({"b@x.example", "a@x.example"})));
    CHECK(list.size() == 2);
    CHECK(list.add(all_to({"c@x.example"})));  // left nothing behind when it was refused
    CHECK_FALSE(list.add(all_to({"d@x.example"})));
    CHECK(list.take().size() == 3);
}

TEST_CASE("audit 9: one envelope carries what any of its recipients asked to be notified of",
          "[inbound][delivery_list]") {
    delivery_list list(1);
    for (const char* each : {"NEVER", "SUCCESS", ""}) {
        auto one = all_to({"a@x.example"});
        one.front().recipient.notify = notify(each);
        CHECK(list.add(std::move(one)));
    }
    CHECK(list.take().front().recipient.notify == notify("SUCCESS,FAILURE,DELAY"));
}

TEST_CASE("a recipient who asked for nothing special keeps what senders hear anyway", "[inbound][delivery_list]") {
    CHECK(merged({}, {}) == mail::dsn_notify{});
    CHECK(merged({}, notify("NEVER")) == mail::dsn_notify{});
    CHECK(merged(notify("NEVER"), notify("NEVER")) == notify("NEVER"));
    CHECK(merged(notify("FAILURE"), notify("DELAY")) == notify("FAILURE,DELAY"));
}
