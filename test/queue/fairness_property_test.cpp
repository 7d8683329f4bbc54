// Lists and letters for one next hop, in any order, and a transport that ends them one by one. Whatever comes, memory
// is bounded, every envelope is offered once, and a letter is offered after a number of others that does not depend on
// how long the lists before it are.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "support/fake_store.hpp"
#include "support/run_to_end.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/queue/mail_queue.hpp"

using namespace waypost;
using namespace waypost::queue;
using namespace std::chrono_literals;

namespace {

using dice = std::mt19937;
std::size_t between(dice& roll, std::size_t low, std::size_t high) {
    return std::uniform_int_distribution<std::size_t>(low, high)(roll);
}

const spool::next_hop hop{"outbound", "example.com"};
constexpr std::size_t window = 40;

class no_way_back final : public report_router {
    async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox) override {
        co_return std::vector<spool::envelope>();
    }
};

/// Counts what it is offered, and holds it.
struct counting_transport final : transport {
    using held = std::pair<std::shared_ptr<const spool::message>, spool::envelope>;
    void carry(queued_message task) override {
        for (spool::envelope& each : task.envelopes) {
            CHECK(offered_at.try_emplace(each.id, offered_at.size()).second);
            in_hand.push_back({task.message, std::move(each)});
        }
        CHECK(in_hand.size() <= window + window / 4);
    }
    std::map<spool::envelope_id, std::size_t> offered_at;
    std::deque<held> in_hand;
};

struct town {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    test::fake_store store;
    observe::log log{{.lowest = observe::level::error}};
    no_way_back router;
    counting_transport out;
    mail_queue queue{loop.get_executor(), store, clock, log, router, {.host = "mx.example.com", .window = window}};
    std::size_t sent = 0;

    town() {
        queue.assign("outbound", out, false);
        queue.start();
        clock.settle();
    }
    ~town() {
        bool stopped = false;
        boost::asio::co_spawn(loop, queue.stop(), [&](std::exception_ptr) { stopped = true; });
        while (!stopped) clock.advance(100ms);
    }
    town(const town&) = delete;
    town& operator=(const town&) = delete;

    async::awaitable<spool::envelope_id> commit(std::size_t recipients) {
        spool::transaction next(store);
        co_await next.text().append("x\r\n");
        const auto to = mail::mailbox::parse("user@example.com").value();
        for (std::size_t n = 0; n < recipients; ++n)
            next.add({.hop = hop, .recipient = {.address = to}, .expires = clock.wall() + 96h});
        mail::sender from{.address = mail::reverse_path(to)};
        auto kept = co_await next.commit(std::move(from), clock.wall(), false);
        const auto first = kept->kept().envelopes.front().id;
        queue.accepted(std::move(*kept));
        co_return first;
    }
    spool::envelope_id send(std::size_t recipients) {
        sent += recipients;
        const auto first = test::run_to_end(loop, commit(recipients));
        clock.settle();
        clock.advance(1ms);
        return first;
    }
    void end_one(std::size_t index) {
        const auto at = out.in_hand.begin() + static_cast<std::ptrdiff_t>(index);
        auto [about, envelope] = std::move(*at);
        out.in_hand.erase(at);
        queue.report(about, std::move(envelope),
                     delivered{.status = mail::status::success("2.0.0", "ok"), .remote = {}});
        clock.settle();
    }
};

}  // namespace

TEST_CASE("a letter's way through the queue does not depend on the lists before it", "[queue][fairness][property]") {
    const auto seed = GENERATE(range(1U, 9U));
    CAPTURE(seed);
    dice roll(seed);
    town all;
    struct letter {
        std::size_t offers_before, small_before;
    };
    std::map<spool::envelope_id, letter> letters;
    const auto waiting = [&] {
        return std::ranges::count_if(letters, [&](const auto& one) { return !all.out.offered_at.contains(one.first); });
    };
    for (int step = 0; step < 300; ++step) {
        const auto what = between(roll, 0, 99);
        if (what < 4) all.send(between(roll, spool::small_message + 1, 400));
        if (what >= 4 && what < 40) {
            const letter now{all.out.offered_at.size(), static_cast<std::size_t>(waiting())};
            letters.emplace(all.send(1), now);
        }
        for (std::size_t n = between(roll, 0, 3); n > 0 && !all.out.in_hand.empty(); --n)
            all.end_one(seed % 2 == 0 ? 0 : between(roll, 0, all.out.in_hand.size() - 1));
    }
    while (!all.out.in_hand.empty()) all.end_one(0);

    CHECK(all.out.offered_at.size() == all.sent);
    CHECK(all.store.envelopes.empty());
    CHECK(letters.size() > 50);
    for (const auto& [id, each] : letters) {
        // What was in its window, and then every second one is small.
        CHECK(all.out.offered_at.at(id) - each.offers_before <= 2 * window + 4 * each.small_before);
    }
}
