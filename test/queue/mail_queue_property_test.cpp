// Days in the life of a queue, with hosts that defer, refuse and accept as a dice says, a store that fails at times, a
// calendar that is set back and forth, and restarts. Whatever happens, each envelope ends once, by delivery or by a
// report, and none is in two hands.
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "support/fake_store.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/queue/mail_queue.hpp"

using namespace waypost;
using namespace waypost::queue;
using namespace std::chrono_literals;
using test::fake_store;

namespace {

using dice = std::mt19937;

bool happens(dice& roll, double chance) { return std::bernoulli_distribution(chance)(roll); }

struct ledger {
    std::set<spool::envelope_id> in_hand;
    std::map<spool::envelope_id, int> delivered;
    std::size_t carried = 0;
    std::string wrong;  // the first thing that should not be
    void expect(bool right, const char* fault) {
        if (!right && wrong.empty()) wrong = fault;
    }
};

/// Holds each envelope for a while and then says what the dice say.
class fickle_transport final : public transport {
public:
    fickle_transport(async::clock& clock, async::task_group& coroutines, ledger& book, dice& roll, std::size_t window)
        : clock_(clock), coroutines_(coroutines), book_(book), roll_(roll), window_(window) {}

    void carry(queued_message task) override {
        for (spool::envelope& each : task.envelopes) {
            ++book_.carried;
            book_.expect(book_.in_hand.insert(each.id).second, "an envelope is in flight twice");
            book_.expect(book_.delivered[each.id] == 0, "an envelope is offered after its end");
            book_.expect(++held_[each.hop] <= window_ + window_ / 4, "a window and its reserve are exceeded");
            coroutines_.start(work(task.message, std::move(each)));
        }
    }
    mail_queue* queue = nullptr;

private:
    async::awaitable<> work(std::shared_ptr<const spool::message> message, spool::envelope envelope) {
        co_await clock_.sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(0, 30'000)(roll_)));
        const int what = std::uniform_int_distribution(0, 9)(roll_);
        book_.in_hand.erase(envelope.id);
        --held_[envelope.hop];
        if (what < 5) {
            ++book_.delivered[envelope.id];
            if (happens(roll_, 0.5)) queue->host_recovered(envelope.hop);
            queue->report(message, std::move(envelope),
                          delivered{.status = mail::status::success("2.0.0", "ok"), .remote = {}});
        } else if (what < 9) {
            queue->report(message, std::move(envelope),
                          deferred{mail::status::transient("4.0.0", "later"), {}, happens(roll_, 0.5)});
        } else {
            queue->report(message, std::move(envelope), failed{mail::status::permanent("5.0.0", "no"), {}});
        }
    }

    async::clock& clock_;
    async::task_group& coroutines_;
    ledger& book_;
    dice& roll_;
    std::size_t window_;
    std::map<spool::next_hop, std::size_t> held_;
};

class way_back final : public report_router {
public:
    explicit way_back(dice& roll) : roll_(roll) {}
    async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox recipient) override {
        if (happens(roll_, 0.1)) co_return spool::errc::unavailable;
        const spool::envelope back{.hop = {"outbound", "back.example"}, .recipient = {.address = std::move(recipient)}};
        co_return std::vector{back};
    }

private:
    dice& roll_;
};

struct sent_mail {
    std::set<spool::envelope_id> all;
    async::awaitable<> send(fake_store& store, mail_queue& queue, async::clock& clock, dice& roll) {
        spool::transaction next(store);
        co_await next.text().append("Subject: x\r\n\r\n" + std::string(100, 'x'));
        const auto to = mail::mailbox::parse("user@example.com").value();
        const bool is_list = happens(roll, 0.02);
        const int recipients = is_list ? 60 : std::uniform_int_distribution(1, 4)(roll);
        for (int n = 0; n < recipients; ++n) {
            const auto domain =
                is_list ? "d0.example" : "d" + std::to_string(std::uniform_int_distribution(0, 5)(roll)) + ".example";
            next.add({.hop = {"outbound", domain},
                      .recipient = {.address = to, .notify = notify(roll)},
                      .expires = clock.wall() + 96h});
        }
        mail::sender from{.address = mail::reverse_path(to)};
        auto kept = co_await next.commit(std::move(from), clock.wall(), false);
        if (kept.has_error()) co_return;
        for (const spool::envelope& each : kept->kept().envelopes) all.insert(each.id);
        queue.accepted(std::move(*kept));
    }
    static mail::dsn_notify notify(dice& roll) {
        if (happens(roll, 0.8)) return {};
        return {.specified = true, .success = true, .failure = true};
    }
};

}  // namespace

TEST_CASE("through days of trouble every envelope ends once, and is never in two hands",
          "[queue][mail_queue][property]") {
    const auto seed = GENERATE(range(1U, 13U));
    CAPTURE(seed);
    dice roll(seed);
    boost::asio::io_context loop;
    test::virtual_clock clock(loop);
    observe::log log({.lowest = observe::level::error});
    fake_store store;
    way_back router(roll);
    ledger book;
    sent_mail sent;
    const settings how{.host = "mx.example.com", .window = 5 + seed % 7, .total = 25, .content_budget = 1000};

    store.on_the_way = [&] {
        return clock.sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(0, 2000)(roll)));
    };
    const auto run_to_end = [&](async::awaitable<> work) {
        bool ended = false;
        boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr) { ended = true; });
        while (!ended) clock.advance(1s);
    };
    bool troubled = true;
    store.refuses = [&](fake_store::verb) { return troubled && happens(roll, 0.05); };
    for (int run = 0; run < 4; ++run) {
        troubled = run < 3;
        async::task_group coroutines(loop.get_executor());
        fickle_transport out(clock, coroutines, book, roll, how.window);
        mail_queue queue(loop.get_executor(), store, clock, log, router, how);
        out.queue = &queue;
        queue.assign("outbound", out, false);
        queue.start();
        for (int step = 0; step < (run < 3 ? 200 : 0); ++step) {
            for (int burst = std::uniform_int_distribution(0, 8)(roll); burst > 0; --burst)
                coroutines.start(sent.send(store, queue, clock, roll));
            clock.advance(std::chrono::seconds(std::uniform_int_distribution(0, 120)(roll)));
            if (seed % 4 == 1 && happens(roll, 0.01))
                clock.set_wall(clock.wall() + std::chrono::hours(std::uniform_int_distribution(-24, 24)(roll)));
            if (seed % 4 == 3 && happens(roll, 0.1))
                clock.set_wall(clock.wall() + std::chrono::seconds(std::uniform_int_distribution(-12, 12)(roll)));
        }
        if (run == 3) clock.advance(24h * 12);
        // A crash: what is in hand is lost from memory, and is not ended in the store.
        run_to_end(coroutines.stop());
        run_to_end(queue.stop());
        if (run < 3) book.in_hand.clear();
    }

    CHECK(book.wrong == "");
    CHECK(book.in_hand.empty());
    CHECK(sent.all.size() > 1000);
    CHECK(store.envelopes.empty());
    CHECK(store.messages.empty());
    for (const auto& [id, times] : book.delivered) CHECK(times <= 1);
}
