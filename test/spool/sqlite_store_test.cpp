#include "waypost/spool/sqlite_store.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "queue_directory.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

const next_hop outbound{"outbound", "example.com"};

std::string long_text(std::size_t octets) {
    std::string text;
    while (text.size() < octets) text += "line " + std::to_string(text.size()) + "\r\n";
    return text;
}

std::vector<std::string> recipients_of(const std::vector<queued_message>& found) {
    std::vector<std::string> all;
    for (const queued_message& each : found) {
        for (const envelope& to : each.envelopes) all.push_back(to.recipient.address.text());
    }
    return all;
}

}  // namespace

TEST_CASE("what was committed is there after a restart, as it was", "[spool][sqlite_store]") {
    queue_directory queue;
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

TEST_CASE("text of any bytes comes back as it was, and a long one lies in a file", "[spool][sqlite_store]") {
    queue_directory queue;
    std::string octets("\0\r\n\xff\xfe'; DROP TABLE messages; --%s../", 37);
    const auto length = GENERATE(std::size_t{0}, 37U, 65'535U, 65'536U, 65'537U, 300'000U);
    while (octets.size() < length) octets += octets;
    octets.resize(length);
    const auto kept = queue.commit(octets, {queue.to("user@example.com")});
    REQUIRE(kept);
    queue.open();
    CHECK(std::filesystem::exists(queue.body(kept->message())) == (length > content::memory_limit));
    const auto text = queue.text_of(kept->message());
    REQUIRE(text.has_value());
    CHECK(*text == "Received: by test\r\n" + octets);
}

TEST_CASE("the last envelope's end takes the message and its file along", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto kept = queue.commit(long_text(100'000), {queue.to("a@example.com"), queue.to("b@example.com")});
    REQUIRE(kept);
    const auto& envelopes = kept->kept().envelopes;

    queue.store->apply(spool::remove{envelopes[0].id});
    CHECK(recipients_of(queue.due(queue.now)) == std::vector<std::string>{"b@example.com"});
    CHECK(std::filesystem::exists(queue.body(kept->message())));

    queue.store->apply(spool::remove{envelopes[1].id});
    CHECK(queue.count() == 0);
    CHECK(queue.sql_number("SELECT count(*) FROM messages") == 0);
    queue.close();
    queue.io.join();
    CHECK_FALSE(std::filesystem::exists(queue.body(kept->message())));
}

TEST_CASE("the end of an envelope that is not there does no harm", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto kept = queue.commit("text", {queue.to("a@example.com"), queue.to("b@example.com")});
    REQUIRE(kept);
    queue.store->apply(spool::remove{envelope_of(kept->message(), 0)});
    queue.store->apply(spool::remove{envelope_of(kept->message(), 0)});
    queue.store->apply(spool::remove{envelope_id(42)});
    CHECK(queue.count() == 1);
    CHECK(queue.due(queue.now).size() == 1);
}

TEST_CASE("what waits for a host can be made due, the soonest first, and nothing else is", "[spool][sqlite_store]") {
    queue_directory queue;
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
    CHECK(queue.sql_number("SELECT next_try FROM envelopes WHERE forward_path = 'mailbox-full@example.com'") ==
          std::chrono::floor<std::chrono::milliseconds>((queue.now + 400s).time_since_epoch()).count());
}

TEST_CASE("a queue of the first version is brought to this one, with its mail", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto kept = queue.commit("text", {queue.to("a@example.com")});
    REQUIRE(kept);
    queue.close();
    queue.sql(
        "DROP INDEX envelopes_by_host; ALTER TABLE envelopes DROP COLUMN for_host; "
        "ALTER TABLE envelopes DROP COLUMN extension; ALTER TABLE envelopes DROP COLUMN target; "
        "DROP TABLE queue; DROP TABLE removals; "
        "PRAGMA user_version = 1");
    queue.open();
    CHECK(queue.sql_number("PRAGMA user_version") == 4);
    CHECK(recipients_of(queue.due(queue.now)) == std::vector<std::string>{"a@example.com"});
    queue.store->apply(defer{.id = envelope_of(kept->message(), 0),
                             .tries = 1,
                             .until = queue.now + 400s,
                             .last = mail::status::transient("4.4.1", "no answer"),
                             .for_host = true});
    queue.store->apply(expedite{outbound, queue.now + 1s, 100});
    CHECK(queue.due(queue.now + 1s).size() == 1);
}

TEST_CASE("a postponed envelope is due at its moment and not before", "[spool][sqlite_store]") {
    queue_directory queue;
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

TEST_CASE("due envelopes come longest due first, by message, up to the limit, of their hop alone",
          "[spool][sqlite_store]") {
    queue_directory queue;
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

TEST_CASE("text that looks like SQL, a path or a format stays text", "[spool][sqlite_store]") {
    queue_directory queue;
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

TEST_CASE("an insertion that fails for itself does not take others with it", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto kept = queue.commit("first", {queue.to("a@example.com")});
    REQUIRE(kept);
    queued_message again = kept->kept();  // an id that is in use
    auto insert_both = [](queue_directory& in, const queued_message& twice) -> async::awaitable<base::result<>> {
        return in.store->insert(twice);
    };
    std::optional<bool> others_kept;
    boost::asio::co_spawn(queue.loop, queue.commit_one("second", {queue.to("b@example.com")}),
                          [&](std::exception_ptr, std::optional<receipt> got) { others_kept = got.has_value(); });
    queue.store->apply(spool::remove{envelope_id(7)});
    const auto refused = run_to_end(queue.loop, insert_both(queue, again));
    REQUIRE(refused.has_error());
    CHECK(refused.error() == errc::unavailable);
    queue.loop.run_until([&] { return others_kept.has_value(); });
    CHECK(others_kept == true);
    CHECK(queue.count() == 2);
    CHECK(queue.warned.mention(to_string(kept->message())));
}

TEST_CASE("ids grow, over restarts and over a clock that is set back", "[spool][sqlite_store]") {
    queue_directory queue;
    const message_id one = queue.store->next_message_id();
    const message_id two = queue.store->next_message_id();
    CHECK(two > one);
    // As if the clock had been ten years ahead when this one was written.
    const auto far = message_id(two.value() + 3'155'760'000'000);
    queue.sql("INSERT INTO messages VALUES (" + std::to_string(far.value()) +
              ", 0, '', 0, 0, '', '', 0, NULL, '', x'')");
    queue.open();
    CHECK(queue.store->next_message_id() > far);
}

TEST_CASE("audit 2: an id is never used again, though the clock was set back and the queue is empty",
          "[spool][sqlite_store][clock]") {
    using namespace std::chrono_literals;
    const auto back = GENERATE(as<std::chrono::seconds>(), 0s, 1s, 8s, 11s, 24h, -24h, 24h * 365);
    queue_directory queue;
    std::set<message_id> used;
    for (int run = 0; run < 5; ++run) {
        for (int n = 0; n < 3; ++n) {
            const auto kept = queue.commit("text", {queue.to("a@example.com")});
            REQUIRE(kept);
            CHECK(used.insert(kept->message()).second);
            queue.store->apply(spool::remove{kept->kept().envelopes[0].id});
        }
        CHECK(queue.count() == 0);
        queue.calendar -= back;
        const bool is_new_process = run % 2 == 0;
        if (!is_new_process) continue;
        queue.open();
        CHECK(queue.store->first_new_id() > *used.rbegin());
    }
}

TEST_CASE("audit 3: new mail is due after the clock was set back, though its transaction took long",
          "[spool][sqlite_store][clock]") {
    queue_directory queue;
    queue.calendar = queue.now - 100s;  // when the transaction begins
    REQUIRE(queue.commit("text", {queue.to("a@example.com")}));
    const auto set_back_to = queue.now - 50s;
    queue.store->correct_times(set_back_to, set_back_to + 4h);
    CHECK(run_to_end(queue.loop, queue.store->hops_due(set_back_to)).value() == std::vector{outbound});
    CHECK(queue.due(set_back_to).size() == 1);
}

TEST_CASE("audit 2: ids are reserved many at a time", "[spool][sqlite_store]") {
    queue_directory queue;
    std::set<std::int64_t> written;
    for (int n = 0; n < 100; ++n) {
        REQUIRE(queue.commit("text", {queue.to("a@example.com")}));
        queue.calendar += std::chrono::milliseconds(100);
        written.insert(queue.sql_number("SELECT reserved_id FROM queue"));
    }
    CHECK(written.size() <= 2);
    CHECK(*written.rbegin() > queue.sql_number("SELECT max(id) FROM messages"));
}

TEST_CASE("audit 2: each queue has a name of its own, which it keeps", "[spool][sqlite_store]") {
    queue_directory one;
    queue_directory two;
    const std::string name = one.store->name();
    CHECK(name.size() == 16);
    CHECK(name != two.store->name());
    one.open();
    CHECK(one.store->name() == name);
    SECTION("and so has one of an earlier version") {
        REQUIRE(one.commit("text", {one.to("a@example.com")}));
        one.close();
        one.sql("DROP TABLE queue; DROP TABLE removals; PRAGMA user_version = 3");
        one.open();
        CHECK(one.store->name().size() == 16);
        CHECK(one.store->name() != name);
        CHECK(one.sql_number("SELECT reserved_id FROM queue") == one.sql_number("SELECT max(id) FROM messages"));
    }
    SECTION("and one whose name was damaged gets another") {
        one.close();
        one.sql("UPDATE queue SET name = '../../etc/passwd'");
        one.open();
        CHECK(one.store->name().size() == 16);
        CHECK(one.warned.mention("damaged"));
    }
}

TEST_CASE("one process uses a queue at a time", "[spool][sqlite_store]") {
    queue_directory queue;
    try {
        sqlite_store second(queue.loop.get_executor(), queue.io, settings{.directory = queue.queue()},
                            queue.warned.sink());
        FAIL("the second one opened it");
    } catch (const std::runtime_error& refused) {
        const std::string text = refused.what();
        CHECK(text.find(queue.queue()) != std::string::npos);
        CHECK(text.find(std::to_string(::getpid())) != std::string::npos);
    }
}

TEST_CASE("the queue can be looked at with sqlite3 while it works", "[spool][sqlite_store]") {
    queue_directory queue;
    REQUIRE(queue.commit("text", {queue.to("a@example.com")}));
    SQLite::Database reader(queue.queue() + "/queue.db", SQLite::OPEN_READONLY);
    SQLite::Statement open_read(reader, "SELECT id FROM envelopes");
    REQUIRE(open_read.executeStep());
    REQUIRE(queue.commit("text", {queue.to("b@example.com")}));
    CHECK(queue.sql_number("SELECT count(*) FROM envelopes") == 2);
}

TEST_CASE("count is right from the first question on", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto first = queue.commit("1", {queue.to("a@example.com"), queue.to("b@example.com")});
    CHECK(queue.count() == 2);
    REQUIRE(queue.commit("2", {queue.to("c@example.com")}));
    CHECK(queue.count() == 3);
    queue.store->apply(spool::remove{first->kept().envelopes[0].id});
    queue.store->apply(spool::remove{first->kept().envelopes[0].id});
    CHECK(queue.count() == 2);
}

TEST_CASE("many sessions at once are all kept, each with its own text", "[spool][sqlite_store]") {
    queue_directory queue;
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

TEST_CASE("what was handed over is committed when the store closes", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto kept = queue.commit("1", {queue.to("a@example.com"), queue.to("b@example.com")});
    queue.store->apply(spool::remove{kept->kept().envelopes[0].id});
    queue.open();
    CHECK(queue.count() == 1);
}

TEST_CASE("an unknown message is not the same as a store that cannot be asked", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto none = queue.text_of(message_id(12));
    REQUIRE(none.has_error());
    CHECK(none.error() == errc::no_such_message);
}
