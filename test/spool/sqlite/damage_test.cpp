// What the store does with rows, files and databases that are not as it left them.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "queue_directory.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

std::string number(message_id id) { return std::to_string(id.value()); }
std::string number(envelope_id id) { return std::to_string(id.value()); }

std::string refusal_of(queue_directory& queue) {
    try {
        queue.open();
    } catch (const std::runtime_error& refused) {
        return refused.what();
    }
    return "";
}

bool gone_soon(const std::string& path) {
    return comes_true([&] { return !std::filesystem::exists(path); });
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a row that cannot be believed is set aside and is in nobody's way", "[spool][damage]") {
    const std::string change = GENERATE(
        as<std::string>(), "UPDATE envelopes SET forward_path = 'no address'",
        "UPDATE envelopes SET forward_path = 'a@b' || char(13, 10) || 'DATA'",
        "UPDATE envelopes SET notify = 'SOMETIMES'", "UPDATE envelopes SET expires = -1",
        "UPDATE envelopes SET expires = 9223372036854775807", "UPDATE envelopes SET tries = -1",
        "UPDATE envelopes SET tries = 9223372036854775807", "UPDATE envelopes SET warnings = -9223372036854775808",
        "UPDATE messages SET reverse_path = 'nobody'", "UPDATE messages SET arrived = -5",
        "UPDATE messages SET arrived = 9223372036854775807", "UPDATE messages SET size = -1",
        "UPDATE messages SET size = 9223372036854775807", "UPDATE messages SET ret = 'HALF'",
        "UPDATE messages SET file = '../../etc/passwd'", "UPDATE messages SET file = '00000000001'",
        "UPDATE messages SET id = id + 1000000", "UPDATE envelopes SET id = -id",
        "UPDATE envelopes SET id = 9223372036854775807", "DELETE FROM messages");
    CAPTURE(change);
    queue_directory queue;
    const auto damaged = queue.commit("damaged", {queue.to("a@example.com")});
    const auto whole = queue.commit("whole", {queue.to("b@example.com")});
    const bool of_envelope = has(change, "envelopes");
    queue.sql(change +
              " WHERE id = " + (of_envelope ? number(damaged->kept().envelopes[0].id) : number(damaged->message())));

    const auto found = queue.due(queue.now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].message->id == whole->message());
    CHECK(queue.sql_number("SELECT count(*) FROM damaged") == 1);
    CHECK(queue.warned.mention("damaged"));
    CHECK(queue.count() == 1);
    queue.open();
    CHECK(queue.due(queue.now).size() == 1);
    CHECK(queue.store->next_message_id() > whole->message());
}

TEST_CASE("a hop whose rows are all damaged is a hop without mail", "[spool][damage]") {
    queue_directory queue;
    for (int n = 0; n < 10; ++n) REQUIRE(queue.commit("x", {queue.to("a@example.com")}));
    queue.sql("UPDATE envelopes SET tries = -7 WHERE id % 3 = 0 OR 1");
    CHECK(queue.due(queue.now, {"outbound", "example.com"}, 3).empty());
    CHECK(queue.sql_number("SELECT count(*) FROM damaged") == 10);
    CHECK(run_to_end(queue.loop, queue.store->hops_due(queue.now)).value().empty());
}

TEST_CASE("an envelope whose body file is gone is set aside", "[spool][damage]") {
    queue_directory queue;
    const auto lost = queue.commit(std::string(100'000, 'x'), {queue.to("a@example.com")});
    const auto whole = queue.commit("whole", {queue.to("b@example.com")});
    std::filesystem::remove(queue.body(lost->message()));
    const auto found = queue.due(queue.now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].message->id == whole->message());
    CHECK(queue.warned.mention("its body file is not there"));
}

TEST_CASE("a body file of another length than its row says is not read", "[spool][damage]") {
    queue_directory queue;
    const auto kept = queue.commit(std::string(100'000, 'x'), {queue.to("a@example.com")});
    std::filesystem::resize_file(queue.body(kept->message()), 50'000);
    const auto text = queue.text_of(kept->message());
    REQUIRE(text.has_error());
    CHECK(text.error() == errc::damaged);
}

TEST_CASE("a due time beyond all reason does not hide an envelope", "[spool][damage]") {
    queue_directory queue;
    const auto kept = queue.commit("x", {queue.to("a@example.com"), queue.to("b@example.com")});
    queue.store->apply(defer{.id = kept->kept().envelopes[1].id, .tries = 1, .until = queue.now, .last = {}});
    CHECK(queue.due(queue.now).size() == 1);
    queue.sql("UPDATE envelopes SET next_try = 9223372036854775807");
    CHECK(queue.due(queue.now).empty());
    queue.store->correct_times(queue.now, queue.now + 4h);
    const auto found = queue.due(queue.now);
    REQUIRE(found.size() == 1);
    // New mail is known by its id, which has the time of the real clock in it.
    CHECK(found[0].envelopes.size() == (std::chrono::system_clock::now() > queue.now ? 2 : 1));
}

TEST_CASE("body files that were never whole are removed at the start, and other files are left alone",
          "[spool][damage]") {
    queue_directory queue;
    const auto kept = queue.commit(std::string(100'000, 'x'), {queue.to("a@example.com")});
    queue.close();
    const std::string left_over = queue.body(message_id(4711)) + ".part";
    const std::string foreign = queue.queue() + "/body/README";
    std::ofstream(left_over) << "half a message";
    std::ofstream(foreign) << "not ours";
    queue.open();
    CHECK(gone_soon(left_over));
    CHECK(queue.warned.mention("never accepted"));
    CHECK(std::filesystem::exists(foreign));
    CHECK(std::filesystem::exists(queue.body(kept->message())));
    CHECK_FALSE(std::filesystem::exists(queue.queue() + "/lost"));
}

TEST_CASE("a whole body file that no row names is moved aside, not removed", "[spool][damage]") {
    queue_directory queue;
    const auto kept = queue.commit(std::string(100'000, 'x'), {queue.to("a@example.com")});
    queue.close();
    queue.sql("DELETE FROM messages; DELETE FROM envelopes");  // as after a rescue that did not find everything
    queue.open();
    CHECK(gone_soon(queue.body(kept->message())));
    const std::string saved = queue.queue() + "/lost/" + to_string(kept->message());
    CHECK(std::filesystem::file_size(saved) == 100'000);
    CHECK(comes_true([&] { return queue.warned.mention("/lost"); }));
}

TEST_CASE("the file of a message that has ended is removed by the next process, if this one could not",
          "[spool][damage]") {
    queue_directory queue;
    const auto kept = queue.commit(std::string(100'000, 'x'), {queue.to("a@example.com")});
    const std::string file = queue.body(kept->message());
    queue.store->apply(spool::remove{kept->kept().envelopes[0].id});
    CHECK(queue.count() == 0);
    CHECK(gone_soon(file));
    CHECK(queue.sql_number("SELECT count(*) FROM removals") == 1);  // the directory may not know of it yet
    queue.close();
    std::ofstream(file) << "back after a power cut";
    queue.open();
    CHECK(gone_soon(file));
    CHECK_FALSE(std::filesystem::exists(queue.queue() + "/lost"));
    const auto next = queue.commit(std::string(100'000, 'x'), {queue.to("a@example.com")});
    REQUIRE(queue.commit("short", {queue.to("a@example.com")}));
    CHECK(queue.sql_number("SELECT count(*) FROM removals") == 0);
}

TEST_CASE("a queue directory of another user is refused, and one that is open to others is closed", "[spool][damage]") {
    namespace fs = std::filesystem;
    queue_directory queue;
    queue.close();
    const std::string which = GENERATE("", "/body");
    SECTION("open to others") {
        fs::permissions(queue.queue() + which, fs::perms(0777));
        CHECK(refusal_of(queue).empty());
        CHECK((fs::status(queue.queue() + which).permissions() & fs::perms(066)) == fs::perms::none);
    }
    SECTION("of another user") {
        if (::geteuid() != 0) {
            WARN("skipped: only root can give a directory away");
            return;
        }
        REQUIRE(::chown((queue.queue() + which).c_str(), 12345, 12345) == 0);
        CHECK(has(refusal_of(queue), "belongs to user 12345"));
        REQUIRE(::chown((queue.queue() + which).c_str(), 0, 0) == 0);
    }
}

TEST_CASE("a database that is not a queue is refused with what to do, and left as it is", "[spool][damage]") {
    queue_directory queue;
    REQUIRE(queue.commit("x", {queue.to("a@example.com")}));
    queue.close();
    const std::string path = queue.queue() + "/queue.db";
    SECTION("text") {
        std::ofstream(path) << std::string(10'000, 'x');
        CHECK(has(refusal_of(queue), "move it away"));
        CHECK(std::filesystem::file_size(path) == 10'000);
    }
    SECTION("empty") {
        std::filesystem::resize_file(path, 0);
        CHECK(has(refusal_of(queue), "it is empty"));
        CHECK(std::filesystem::file_size(path) == 0);
    }
    SECTION("cut off") {
        std::filesystem::resize_file(path, 4096 * 2 + 100);
        CHECK(has(refusal_of(queue), "move it away"));
    }
    SECTION("another program's") {
        queue.sql("PRAGMA application_id = 1");
        CHECK(has(refusal_of(queue), "not a queue of waypost"));
    }
    SECTION("of a later version") {
        queue.sql("PRAGMA user_version = 99");
        CHECK(has(refusal_of(queue), "schema version 99"));
    }
    SECTION("without its tables") {
        queue.sql("DROP TABLE envelopes");
        CHECK(has(refusal_of(queue), "envelopes"));
    }
    SECTION("gone, but its log is there") {
        std::filesystem::rename(path, path + "-wal");
        CHECK(has(refusal_of(queue), "write-ahead log"));
    }
}

TEST_CASE("a directory that cannot be made is said by name", "[spool][damage]") {
    temporary_directory place;
    std::ofstream(place.path() + "/file") << "x";
    boost::asio::io_context loop;
    async::thread_pool io{1};
    warnings warned;
    try {
        const auto opened =
            make_store(loop.get_executor(), io, {.directory = place.path() + "/file/queue"}, warned.sink());
        FAIL("it was made");
    } catch (const std::runtime_error& refused) {
        CHECK(has(refused.what(), place.path() + "/file"));
    }
}

TEST_CASE("a bit that flips anywhere does no more than damage", "[spool][damage]") {
    queue_directory queue;
    for (int n = 0; n < 30; ++n)
        REQUIRE(queue.commit(std::string(static_cast<std::size_t>(n) * 300, 'x'), {queue.to("a@example.com")}));
    queue.close();
    const std::string path = queue.queue() + "/queue.db";
    std::filesystem::copy_file(path, path + ".whole");
    std::mt19937 roll(7);
    std::size_t refused = 0;
    for (int round = 0; round < 150; ++round) {
        std::filesystem::copy_file(path + ".whole", path, std::filesystem::copy_options::overwrite_existing);
        for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
        {
            std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
            const auto size = std::filesystem::file_size(path);
            for (int flips = 0; flips < 1 + round % 5; ++flips) {
                // Half of them where the trees are: in the first bytes of a page.
                auto at = std::uniform_int_distribution<std::uintmax_t>(0, size - 1)(roll);
                if (flips % 2 == 0) at = at / 4096 * 4096 + at % 64;
                file.seekg(static_cast<std::streamoff>(at));
                const char old = static_cast<char>(file.get());
                file.seekp(static_cast<std::streamoff>(at));
                file.put(static_cast<char>(old ^ (1 << std::uniform_int_distribution(0, 7)(roll))));
            }
        }
        if (!refusal_of(queue).empty()) {
            ++refused;
            continue;
        }
        const auto found = run_to_end(queue.loop, queue.store->due({"outbound", "example.com"}, queue.now, 1000, {}));
        if (found.has_value()) {
            for (const queued_message& each : *found) {
                const auto text = queue.text_of(each.message->id);
                for (const envelope& one : each.envelopes) queue.store->apply(spool::remove{one.id});
            }
        }
        // New mail may be refused; what is accepted must be there.
        if (const auto kept =
                queue.commit("after the damage", {queue.to("b@example.com", {"outbound", "new.example"})})) {
            const auto text = queue.text_of(kept->message());
            REQUIRE(text.has_value());
            CHECK(has(*text, "after the damage"));
        }
        queue.close();
    }
    CHECK(refused < 100);
}
