// What every store does, over each that there is.
#include <catch2/catch.hpp>
#include <set>

#include "sqlite/queue_directory.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

const next_hop outbound{"outbound", "example.com"};

}  // namespace

TEMPLATE_TEST_CASE("what was committed is there after a restart, as it was", "[spool][store]", queue_directory,
                   fake_queue) {
    TestType queue;
    envelope to = queue.to("user@example.com");
    to.recipient.notify = {.specified = true, .success = true, .delay = true};
    to.recipient.original = "rfc822;User@example.com";
    to.original = "alias@example.com";
    to.user = "user";
    to.extension = "lists";
    to.target = "|procmail -a 'it is; a list'";
    const auto kept = queue.commit("Subject: hello\r\n\r\nbody\r\n", {to});
    REQUIRE(kept);

    queue.open();
    const auto found = queue.due(queue.now);
    REQUIRE(found.size() == 1);
    const message& about = *found[0].message;
    CHECK(about.id == kept->message());
    CHECK(about.sender.address.text() == "sender@example.org");
    CHECK(about.arrived == queue.now);
    CHECK(about.text == nullptr);
    REQUIRE(found[0].envelopes.size() == 1);
    const envelope& back = found[0].envelopes[0];
    CHECK(back.id == envelope_of(about.id, 0));
    CHECK(back.hop == outbound);
    CHECK(back.recipient.address.text() == "user@example.com");
    CHECK(back.recipient.notify == to.recipient.notify);
    CHECK(back.recipient.original == to.recipient.original);
    CHECK(back.original == to.original);
    CHECK(back.user == to.user);
    CHECK(back.extension == to.extension);
    CHECK(back.target == to.target);
    CHECK(back.expires == to.expires);
    CHECK(back.tries == 0);
    const auto text = queue.text_of(about.id);
    REQUIRE(text.has_value());
    CHECK(*text == "Received: by test\r\nSubject: hello\r\n\r\nbody\r\n");
    CHECK(about.size == text->size());
}

TEMPLATE_TEST_CASE("text of any bytes and any length comes back as it was", "[spool][store]", queue_directory,
                   fake_queue) {
    TestType queue;
    std::string octets("\0\r\n\xff\xfe'; DROP TABLE messages; --%s../", 37);
    const auto length = GENERATE(std::size_t{0}, 37U, 65'535U, 65'536U, 65'537U, 300'000U);
    while (octets.size() < length) octets += octets;
    octets.resize(length);
    const auto kept = queue.commit(octets, {queue.to("user@example.com")});
    REQUIRE(kept);
    queue.open();
    const auto text = queue.text_of(kept->message());
    REQUIRE(text.has_value());
    CHECK(*text == "Received: by test\r\n" + octets);
}

TEMPLATE_TEST_CASE("the last envelope's end takes the message along", "[spool][store]", queue_directory, fake_queue) {
    TestType queue;
    const auto kept = queue.commit(long_text(100'000), {queue.to("a@example.com"), queue.to("b@example.com")});
    REQUIRE(kept);
    const auto& envelopes = kept->kept().envelopes;

    queue.store->apply(spool::remove{envelopes[0].id});
    CHECK(recipients_of(queue.due(queue.now)) == std::vector<std::string>{"b@example.com"});
    CHECK(queue.text_of(kept->message()).has_value());

    queue.store->apply(spool::remove{envelopes[1].id});
    CHECK(queue.count() == 0);
    CHECK(queue.text_of(kept->message()).error() == errc::no_such_message);
}

TEMPLATE_TEST_CASE("the end of an envelope that is not there does no harm", "[spool][store]", queue_directory,
                   fake_queue) {
    TestType queue;
    const auto kept = queue.commit("text", {queue.to("a@example.com"), queue.to("b@example.com")});
    REQUIRE(kept);
    queue.store->apply(spool::remove{envelope_of(kept->message(), 0)});
    queue.store->apply(spool::remove{envelope_of(kept->message(), 0)});
    queue.store->apply(spool::remove{envelope_id(42)});
    CHECK(queue.count() == 1);
    CHECK(queue.due(queue.now).size() == 1);
}

TEMPLATE_TEST_CASE("what waits for a host can be made due, the soonest first, and nothing else is", "[spool][store]",
                   queue_directory, fake_queue) {
    TestType queue;
    const auto first = queue.commit(
        "text", {queue.to("a@example.com"), queue.to("b@example.com"), queue.to("c@example.com"),
                 queue.to("mailbox-full@example.com"), queue.to("other@example.net", {"outbound", "example.net"})});
    REQUIRE(first);
    for (const envelope& each : first->kept().envelopes) {
        const std::string to = each.recipient.address.text();
        queue.store->apply(defer{.id = each.id,
                                 .tries = 1,
                                 .until = queue.now + (to == "a@example.com" ? 500s : 400s),
                                 .last = mail::status::transient("4.4.1", "no answer"),
                                 .for_host = to != "mailbox-full@example.com"});
    }
    CHECK(queue.due(queue.now + 1s).empty());
    queue.store->apply(expedite{outbound, queue.now + 1s, 2});
    CHECK(recipients_of(queue.due(queue.now + 1s)) == std::vector<std::string>{"b@example.com", "c@example.com"});
    CHECK(queue.due(queue.now + 1s, {"outbound", "example.net"}).empty());
    queue.store->apply(expedite{outbound, queue.now + 2s, 2});
    CHECK(recipients_of(queue.due(queue.now + 2s)).size() == 3);
    CHECK(recipients_of(queue.due(queue.now + 400s - 1ms)).size() == 3);
    CHECK(recipients_of(queue.due(queue.now + 400s)).size() == 4);
}

TEMPLATE_TEST_CASE("a postponed envelope is due at its moment and not before", "[spool][store]", queue_directory,
                   fake_queue) {
    TestType queue;
    const auto kept = queue.commit("text", {queue.to("a@example.com")});
    REQUIRE(kept);
    const auto later = queue.now + 400s;
    queue.store->apply(defer{.id = envelope_of(kept->message(), 0),
                             .tries = 1,
                             .warnings = 2,
                             .until = later,
                             .last = mail::status::transient("4.4.1", "no answer from host")});
    CHECK(queue.due(later - 1ms).empty());
    CHECK(run_to_end(queue.loop, queue.store->hops_due(later - 1ms)).value().empty());
    CHECK(run_to_end(queue.loop, queue.store->next_due(queue.now)).value() == later);
    CHECK(run_to_end(queue.loop, queue.store->next_due(later)).value() == std::nullopt);
    CHECK(run_to_end(queue.loop, queue.store->hops_due(later)).value() == std::vector{outbound});
    CHECK(run_to_end(queue.loop, queue.store->hops_due_since(queue.now, later)).value() == std::vector{outbound});
    CHECK(run_to_end(queue.loop, queue.store->hops_due_since(later, later + 1h)).value().empty());
    const auto found = queue.due(later);
    REQUIRE(found.size() == 1);
    CHECK(found[0].envelopes[0].tries == 1);
    CHECK(found[0].envelopes[0].warnings == 2);
    CHECK(found[0].envelopes[0].last.line() == "451 4.4.1 no answer from host");
}

TEMPLATE_TEST_CASE("due envelopes come longest due first, by message, up to the limit, of their hop alone",
                   "[spool][store]", queue_directory, fake_queue) {
    TestType queue;
    const auto first = queue.commit("1", {queue.to("a@example.com"), queue.to("b@example.com")});
    queue.now += 1s;
    const auto second =
        queue.commit("2", {queue.to("c@example.com"), queue.to("d@example.net", {"outbound", "example.net"})});
    REQUIRE(second);
    queue.store->apply(defer{.id = first->kept().envelopes[1].id, .tries = 1, .until = queue.now + 1s, .last = {}});

    const auto all = queue.due(queue.now + 1s);
    CHECK(recipients_of(all) == std::vector<std::string>{"a@example.com", "b@example.com", "c@example.com"});
    REQUIRE(all.size() == 2);
    CHECK(all[0].message->id == first->message());
    CHECK(recipients_of(queue.due(queue.now + 1s, outbound, 2)) ==
          std::vector<std::string>{"a@example.com", "c@example.com"});
    CHECK(recipients_of(queue.due(queue.now, {"outbound", "example.net"})) ==
          std::vector<std::string>{"d@example.net"});
    CHECK(queue.due(queue.now, {"local", ""}).empty());
    const auto hops = run_to_end(queue.loop, queue.store->hops_due(queue.now)).value();
    CHECK(hops == std::vector<next_hop>{{"outbound", "example.com"}, {"outbound", "example.net"}});
}

TEMPLATE_TEST_CASE("text that looks like SQL, a path or a format stays text", "[spool][store]", queue_directory,
                   fake_queue) {
    TestType queue;
    const next_hop hop{"x'); DROP TABLE envelopes; --", "../../%s%n\n"};
    envelope to = queue.to("\"'; DROP TABLE messages; --\"@example.com", hop);
    to.original = "'||(SELECT 1)||'";
    to.user = "../../etc/passwd\n";
    to.extension = "'%s";
    to.target = "|'; DELETE FROM envelopes; --\n";
    REQUIRE(queue.commit("text", {to}));
    queue.open();
    const auto found = queue.due(queue.now, hop);
    REQUIRE(found.size() == 1);
    CHECK(found[0].envelopes[0].recipient.address == to.recipient.address);
    CHECK(found[0].envelopes[0].original == to.original);
    CHECK(found[0].envelopes[0].user == to.user);
    CHECK(found[0].envelopes[0].extension == to.extension);
    CHECK(found[0].envelopes[0].target == to.target);
}

TEMPLATE_TEST_CASE("what the asker knows already is not offered again", "[spool][store]", queue_directory, fake_queue) {
    TestType queue;
    const auto kept = queue.commit("text", {queue.to("a@example.com"), queue.to("b@example.com")});
    REQUIRE(kept);
    const auto known = kept->kept().envelopes[0].id;
    CHECK(recipients_of(run_to_end(queue.loop, queue.store->due(outbound, queue.now, 10, {known})).value()) ==
          std::vector<std::string>{"b@example.com"});
}

TEMPLATE_TEST_CASE("count is right from the first question on", "[spool][store]", queue_directory, fake_queue) {
    TestType queue;
    const auto first = queue.commit("1", {queue.to("a@example.com"), queue.to("b@example.com")});
    CHECK(queue.count() == 2);
    REQUIRE(queue.commit("2", {queue.to("c@example.com")}));
    CHECK(queue.count() == 3);
    queue.store->apply(spool::remove{first->kept().envelopes[0].id});
    queue.store->apply(spool::remove{first->kept().envelopes[0].id});
    CHECK(queue.count() == 2);
}

TEMPLATE_TEST_CASE("many sessions at once are all kept, each with its own text", "[spool][store]", queue_directory,
                   fake_queue) {
    TestType queue;
    std::size_t kept = 0;
    std::size_t ended = 0;
    for (int n = 0; n < 500; ++n) {
        boost::asio::co_spawn(queue.loop, queue.commit_one("text " + std::to_string(n), {queue.to("a@example.com")}),
                              [&](std::exception_ptr, std::optional<receipt> got) {
                                  kept += got ? 1 : 0;
                                  ++ended;
                              });
    }
    queue.loop.run_until([&] { return ended == 500; });
    CHECK(kept == 500);
    queue.open();
    CHECK(queue.count() == 500);
    std::set<std::string> texts;
    for (const queued_message& each : queue.due(queue.now)) texts.insert(queue.text_of(each.message->id).value());
    CHECK(texts.size() == 500);
}

TEMPLATE_TEST_CASE("an unknown message is not the same as a store that cannot be asked", "[spool][store]",
                   queue_directory, fake_queue) {
    TestType queue;
    const auto none = queue.text_of(message_id(12));
    REQUIRE(none.has_error());
    CHECK(none.error() == errc::no_such_message);
}
