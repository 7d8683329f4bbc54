// What the store does when the disk is full, dies, or loses its power.
#include <catch2/catch.hpp>
#include <set>

#include "faulty_disk.hpp"
#include "queue_directory.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

std::set<message_id> messages_in(queue_directory& queue) {
    std::set<message_id> found;
    for (const queued_message& each : queue.due(queue.now + 1000h)) found.insert(each.message->id);
    return found;
}

std::string text_for(int n) { return std::string(static_cast<std::size_t>(n % 7) * 1000, 'x') + std::to_string(n); }

}  // namespace

TEST_CASE("whichever write or sync fails, what was accepted is there and what was refused is not", "[spool][disk]") {
    const auto how = GENERATE(faulty_disk::trouble::full, faulty_disk::trouble::dying);
    const bool heals_itself = GENERATE(true, false);
    std::size_t n = 0;
    for (bool reached = true; reached; n += 1 + n / 6) {
        faulty_disk disk;
        std::set<message_id> accepted;
        std::set<message_id> ended;
        std::set<message_id> refused;
        {
            queue_directory queue;
            disk.fail(n, heals_itself ? 1 : faulty_disk::never, how);
            for (int each = 0; each < 12; ++each) {
                const message_id expected(queue.store->next_message_id().value() + 1);
                const auto kept = queue.commit(text_for(each), {queue.to("a@example.com")});
                if (kept)
                    accepted.insert(kept->message());
                else
                    refused.insert(expected);
                if (kept && each % 3 == 0) {
                    queue.store->apply(spool::remove{kept->kept().envelopes[0].id});
                    ended.insert(kept->message());
                }
            }
            reached = disk.changes() > n;
            disk.heal();
            queue.open();  // the old one commits what it still had to
            const auto found = messages_in(queue);
            CAPTURE(n, accepted.size(), refused.size());
            for (const message_id id : accepted) CHECK(found.contains(id) == !ended.contains(id));
            CHECK(found.size() == accepted.size() - ended.size());
            if (!reached) CHECK(refused.empty());
            if (!refused.empty()) CHECK(queue.warned.mention("cannot be written"));
        }
    }
    CHECK(n > 30);  // the sweep went through
}

TEST_CASE("sessions that wait together share a sync", "[spool][disk]") {
    faulty_disk disk;
    queue_directory queue;
    std::size_t kept = 0;
    std::size_t ended = 0;
    const std::size_t before = disk.syncs();
    for (int n = 0; n < 200; ++n) {
        boost::asio::co_spawn(queue.loop, queue.commit_one(text_for(n), {queue.to("a@example.com")}),
                              [&](std::exception_ptr, std::optional<receipt> got) {
                                  kept += got ? 1 : 0;
                                  ++ended;
                              });
    }
    queue.loop.run_until([&] { return ended == 200; });
    CHECK(kept == 200);
    CHECK(disk.syncs() - before < 20);
}

TEST_CASE("outcomes that the full disk refused are written when there is room again, before anything is asked",
          "[spool][disk]") {
    faulty_disk disk;
    queue_directory queue;
    const auto one = queue.commit("1", {queue.to("a@example.com")});
    const auto two = queue.commit("2", {queue.to("b@example.com")});
    disk.fail(0, faulty_disk::never, faulty_disk::trouble::full);
    queue.store->apply(spool::remove{one->kept().envelopes[0].id});
    // Meanwhile nothing is answered that would be wrong.
    CHECK(run_to_end(queue.loop, queue.store->due({"outbound", "example.com"}, queue.now, 10, {})).has_error());
    CHECK(run_to_end(queue.loop, queue.store->count()).has_error());
    CHECK_FALSE(queue.commit("3", {queue.to("c@example.com")}));
    CHECK(queue.refusal == errc::full);
    disk.heal();
    REQUIRE(queue.commit("4", {queue.to("d@example.com")}));
    CHECK(queue.count() == 2);
    CHECK(queue.warned.mention("can be written again"));
    CHECK(messages_in(queue).contains(two->message()));
}

TEST_CASE("a power cut at any moment loses nothing that was accepted", "[spool][disk]") {
    const auto seed = GENERATE(range(1U, 7U));
    CAPTURE(seed);
    std::mt19937 roll(seed);
    faulty_disk disk;
    struct cut {
        std::string place;
        std::map<message_id, std::string> accepted;
        std::set<message_id> ended;
    };
    std::vector<cut> cuts;
    temporary_directory elsewhere;
    {
        queue_directory queue;
        std::map<message_id, std::string> accepted;
        std::set<message_id> ended;
        for (int each = 0; each < 60; ++each) {
            const std::string text = each % 10 == 9 ? std::string(100'000, 'y') : text_for(each);
            // The cut may come while the writer is at work.
            const bool cut_now = std::bernoulli_distribution(0.15)(roll);
            std::thread cutter;
            if (cut_now) {
                cuts.push_back({elsewhere.path() + "/" + std::to_string(each), accepted, ended});
                const auto pause = std::chrono::microseconds(std::uniform_int_distribution(0, 400)(roll));
                cutter = std::thread([&, place = cuts.back().place, pause, own = std::mt19937(roll())]() mutable {
                    std::this_thread::sleep_for(pause);
                    disk.after_power_cut(queue.queue(), place, own);
                });
            }
            const auto kept = queue.commit(text, {queue.to("a@example.com")});
            if (cutter.joinable()) cutter.join();
            REQUIRE(kept);
            accepted[kept->message()] = "Received: by test\r\n" + text;
            if (each % 4 == 0) {
                queue.store->apply(spool::remove{kept->kept().envelopes[0].id});
                ended.insert(kept->message());
            }
            if (each == 30) queue.sql("PRAGMA wal_checkpoint(RESTART)");
        }
    }
    for (const cut& each : cuts) {
        queue_directory after;
        after.close();
        std::filesystem::remove_all(after.queue());
        std::filesystem::rename(each.place, after.queue());
        after.open();
        const auto found = messages_in(after);
        for (const auto& [id, text] : each.accepted) {
            if (each.ended.contains(id)) continue;  // may be there again, if the power went before the next commit
            REQUIRE(found.contains(id));
            CHECK(after.text_of(id).value() == text);
        }
        CHECK(after.sql_number("SELECT count(*) FROM pragma_quick_check WHERE quick_check != 'ok'") == 0);
    }
}
