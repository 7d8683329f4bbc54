#include "due_order.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "waypost/spool/store.hpp"

using namespace waypost;
using namespace waypost::spool;
using waypost::spool::sqlite::due_order;

namespace {

const next_hop here{"outbound", "example.com"};
constexpr std::int64_t now = 1'000'000;

/// The columns that count, in memory.
struct table {
    SQLite::Database db{":memory:", SQLite::OPEN_READWRITE};
    std::optional<due_order> order;
    std::set<std::int64_t> gone;

    table() {
        db.exec(
            "CREATE TABLE envelopes (id INTEGER PRIMARY KEY, action TEXT, domain TEXT, next_try INTEGER);"
            "CREATE INDEX envelopes_by_hop ON envelopes (action, domain, next_try)");
        order.emplace(db);
    }
    /// `step` between the moments of two recipients.
    void add(std::int64_t message, std::int64_t recipients, std::int64_t due, std::int64_t step = 0) {
        db.exec("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                std::to_string(recipients - 1) + ") INSERT INTO envelopes SELECT " + std::to_string(message << 20) +
                " | i, 'outbound', 'example.com', " + std::to_string(due) + " + i * " + std::to_string(step) +
                " FROM n");
    }
    /// How many of each message.
    std::map<std::int64_t, std::size_t> next(std::size_t limit) {
        std::map<std::int64_t, std::size_t> found;
        std::set<std::int64_t> ids;
        for (const std::int64_t id :
             order->next(here, now, limit, [&](std::int64_t one) { return gone.contains(one); })) {
            CHECK(ids.insert(id).second);
            CHECK_FALSE(gone.contains(id));
            ++found[id >> recipient_bits];
        }
        last = ids;
        return found;
    }
    std::set<std::int64_t> last;
};

using found = std::map<std::int64_t, std::size_t>;

}  // namespace

TEST_CASE("a letter behind a list of 100,000 is among the next", "[spool][due_order]") {
    table all;
    all.add(1, 100'000, 10);
    all.add(2, 1, 20);
    all.add(3, 20, 30);
    CHECK(all.next(500) == found{{1, 479}, {2, 1}, {3, 20}});
}

TEST_CASE("a list takes all that nobody else wants, and gets a half of what others want too", "[spool][due_order]") {
    table all;
    all.add(1, 100'000, 10);
    CHECK(all.next(500) == found{{1, 500}});
    for (std::int64_t message = 2; message < 1000; ++message) all.add(message, 1, 20);
    CHECK(all.next(500).at(1) == 250);
}

TEST_CASE("small messages go in the order in which they became due", "[spool][due_order]") {
    table all;
    all.add(1, 100, 10);
    for (std::int64_t message = 2; message < 100; ++message) all.add(message, 2, 1000 - message);
    CHECK(all.next(20) == found{{1, 10}, {99, 2}, {98, 2}, {97, 2}, {96, 2}, {95, 2}});
}

TEST_CASE("a letter is found behind many lists", "[spool][due_order]") {
    table all;
    for (std::int64_t message = 1; message <= 200; ++message) all.add(message, 50, message);
    all.add(500, 1, 1000);
    CHECK(all.next(100).at(500) == 1);
}

TEST_CASE("behind thousands of lists a letter is found after a few looks, and nothing comes twice",
          "[spool][due_order]") {
    table all;
    for (std::int64_t message = 1; message <= 1000; ++message) all.add(message, 25, message);
    all.add(5000, 1, 2000);
    std::size_t looks = 0;
    for (bool found_it = false; !found_it; ++looks) {
        REQUIRE(looks < 10);
        const auto some = all.next(100);
        found_it = some.contains(5000);
        CHECK(all.last.size() == 100);
        all.gone.insert(all.last.begin(), all.last.end());
    }
    CHECK(looks > 1);
    // What becomes due before the place where a look ended is found as well.
    all.add(6000, 1, 1);
    CHECK(all.next(100).contains(6000));
}

TEST_CASE("the envelopes of a list that have moments of their own do not make it small", "[spool][due_order]") {
    table all;
    all.add(1, 1000, 10, 3);
    all.add(2, 1, 100'000);
    CHECK(all.next(100).at(2) == 1);
}

TEST_CASE("what is not due and what is excluded does not count, and fewer than the limit are all",
          "[spool][due_order]") {
    table all;
    all.add(1, 30, now - 5);
    all.add(2, 30, now + 1);
    all.add(3, 2, now);
    all.gone = {(1 << 20) | 3, 3 << 20};
    CHECK(all.next(100) == found{{1, 29}, {3, 1}});
    CHECK(all.next(30) == found{{1, 29}, {3, 1}});
    CHECK(all.next(0).empty());
}

TEST_CASE("everything comes once, whatever is taken at a time", "[spool][due_order]") {
    const auto limit = GENERATE(1U, 2U, 7U, 64U);
    table all;
    for (std::int64_t message = 1; message < 40; ++message)
        all.add(message, 1 + message * 7 % 45, message % 5, message % 3);
    std::size_t envelopes = 0;
    for (;;) {
        const auto some = all.next(limit);
        if (some.empty()) break;
        envelopes += all.last.size();
        all.gone.insert(all.last.begin(), all.last.end());
    }
    CHECK(envelopes == static_cast<std::size_t>(all.db.execAndGet("SELECT count(*) FROM envelopes").getInt64()));
}

TEST_CASE("the index alone answers, and without sorting", "[spool][due_order]") {
    table all;
    for (const char* question : {due_order::rest_of_moment, due_order::later_moments}) {
        SQLite::Statement plan(all.db, std::string("EXPLAIN QUERY PLAN ") + question);
        std::string steps;
        while (plan.executeStep()) steps += plan.getColumn(3).getString() + "\n";
        CAPTURE(steps);
        CHECK(steps.find("USING COVERING INDEX envelopes_by_hop (action=? AND domain=? AND next_try") !=
              std::string::npos);
        CHECK(steps.find("TEMP B-TREE") == std::string::npos);
    }
}
