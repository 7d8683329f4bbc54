#include <catch2/catch.hpp>
#include <set>

#include "queue_directory.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

const next_hop outbound{"outbound", "example.com"};

}  // namespace

TEST_CASE("a long text lies in a file, which goes with the last envelope", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto length = GENERATE(100U, 65'536U, 65'537U, 300'000U);
    const auto kept = queue.commit(std::string(length, 'x'), {queue.to("a@example.com"), queue.to("b@example.com")});
    REQUIRE(kept);
    queue.open();
    const std::string file = queue.body(kept->message());
    CHECK(std::filesystem::exists(file) == (length > content::memory_limit));
    queue.store->apply(spool::remove{kept->kept().envelopes[0].id});
    CHECK(queue.count() == 1);
    CHECK(std::filesystem::exists(file) == (length > content::memory_limit));
    queue.store->apply(spool::remove{kept->kept().envelopes[1].id});
    CHECK(queue.count() == 0);
    CHECK(queue.sql_number("SELECT count(*) FROM messages") == 0);
    queue.close();
    queue.io.join();
    CHECK_FALSE(std::filesystem::exists(file));
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
        CHECK(queue.first_new_id > *used.rbegin());
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
    const std::string name = one.name;
    CHECK(name.size() == 16);
    CHECK(name != two.name);
    one.open();
    CHECK(one.name == name);
    SECTION("and so has one of an earlier version") {
        REQUIRE(one.commit("text", {one.to("a@example.com")}));
        one.close();
        one.sql("DROP TABLE queue; DROP TABLE removals; PRAGMA user_version = 3");
        one.open();
        CHECK(one.name.size() == 16);
        CHECK(one.name != name);
        CHECK(one.sql_number("SELECT reserved_id FROM queue") == one.sql_number("SELECT max(id) FROM messages"));
    }
    SECTION("and one whose name was damaged gets another") {
        one.close();
        one.sql("UPDATE queue SET name = '../../etc/passwd'");
        one.open();
        CHECK(one.name.size() == 16);
        CHECK(one.warned.mention("damaged"));
    }
}

TEST_CASE("one process uses a queue at a time", "[spool][sqlite_store]") {
    queue_directory queue;
    try {
        const auto second =
            make_store(queue.loop.get_executor(), queue.io, {.directory = queue.queue()}, queue.warned.sink());
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

TEST_CASE("what was handed over is committed when the store closes", "[spool][sqlite_store]") {
    queue_directory queue;
    const auto kept = queue.commit("1", {queue.to("a@example.com"), queue.to("b@example.com")});
    queue.store->apply(spool::remove{kept->kept().envelopes[0].id});
    queue.open();
    CHECK(queue.count() == 1);
}
