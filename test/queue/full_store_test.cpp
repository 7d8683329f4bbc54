// Reports of a store that is full: they take less room instead of none, for without them failed mail cannot end.
#include <catch2/catch.hpp>
#include <vector>

#include "support/captured_stderr.hpp"
#include "support/forwarding_store.hpp"
#include "support/run_to_end.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/queue/mail_queue.hpp"

using namespace waypost;
using namespace waypost::queue;
using namespace std::chrono_literals;

namespace {

/// Takes no message of more than `longest` octets.
struct full_store final : test::forwarding_store {
    std::uint64_t longest = 1'000'000;
    std::size_t refused = 0;

    async::awaitable<base::result<>> insert(const spool::queued_message& entry) override {
        if (entry.message->size <= longest) co_return co_await rows.insert(entry);
        ++refused;
        co_return spool::errc::full;
    }
};

class shelf final : public transport {
public:
    void carry(queued_message task) override { tasks.push_back(std::move(task)); }
    std::vector<queued_message> tasks;
};

class router_to_shelf final : public report_router {
public:
    async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox recipient) override {
        const spool::envelope back{.hop = {"reports", ""}, .recipient = {.address = std::move(recipient)}};
        co_return std::vector{back};
    }
};

const std::string header = "Subject: x\r\nX-Mark: " + std::string(4'000, 'h') + "\r\n";
const std::string body = "the body " + std::string(20'000, 'b') + "\r\n";

struct full_office {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    full_store store;
    observe::log log{{.lowest = observe::level::error}};
    router_to_shelf router;
    shelf out;
    shelf back;
    mail_queue queue{loop.get_executor(), store, clock, log, router, {.host = "mx.example.com"}};

    full_office() {
        queue.assign("outbound", out, false);
        queue.assign("reports", back, true);
        queue.start();
        clock.settle();
    }
    ~full_office() {
        bool stopped = false;
        boost::asio::co_spawn(loop, queue.stop(), [&](std::exception_ptr) { stopped = true; });
        while (!stopped) clock.advance(100ms);
    }

    async::awaitable<bool> commit(std::size_t recipients) {
        spool::transaction next(store);
        co_await next.text().append(header + "\r\n" + body);
        for (std::size_t n = 0; n < recipients; ++n) {
            const auto to = mail::mailbox::parse("user" + std::to_string(n) + "@example.com").value();
            next.add({.hop = {"outbound", "example.com"}, .recipient = {.address = to}, .expires = clock.wall() + 96h});
        }
        mail::sender from{.address = mail::reverse_path::from_text("sender@example.org").value(),
                          .ret = mail::dsn_return::full};
        auto kept = co_await next.commit(std::move(from), clock.wall(), false);
        queue.accepted(std::move(*kept));
        co_return true;
    }
    /// All recipients of one message fail.
    void fail(std::size_t recipients) {
        REQUIRE(test::run_to_end(loop, commit(recipients)));
        clock.settle();
        REQUIRE(out.tasks.size() == 1);
        queued_message all = std::move(out.tasks.front());
        out.tasks.clear();
        // From now on.
        store.longest = longest;
        const auto no = failed{mail::status::permanent("5.1.1", "no such user"), "mx.example.com"};
        for (spool::envelope& each : all.envelopes) queue.report(all.message, std::move(each), no);
        clock.settle();
        clock.advance(1s);
    }
    std::string text_of(const queued_message& task) {
        return test::run_to_end(loop, queue.content_of(task.message)).value()->text();
    }
    std::uint64_t longest = 0;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a report that the store has no room for returns the header only, or nothing", "[queue][report]") {
    const bool header_fits = GENERATE(true, false);
    full_office office;
    office.longest = header_fits ? 10'000 : 3'000;
    office.fail(1);
    REQUIRE(office.back.tasks.size() == 1);
    const std::string text = office.text_of(office.back.tasks.front());
    CHECK(has(text, "user0@example.com"));
    CHECK(has(text, "X-Mark") == header_fits);
    CHECK_FALSE(has(text, "the body"));
    CHECK(office.store.rows.messages.size() == 1);  // the report
}

TEST_CASE("a report about too many recipients for a full store is made in parts", "[queue][report]") {
    full_office office;
    office.longest = 8'000;
    office.fail(100);
    CHECK(office.back.tasks.size() > 1);
    std::string all;
    for (const queued_message& each : office.back.tasks) all += office.text_of(each);
    for (int n = 0; n < 100; ++n) CHECK(has(all, "<user" + std::to_string(n) + "@example.com>"));
    CHECK(office.store.rows.messages.size() == office.back.tasks.size());
}

TEST_CASE("a store that has no room for any report is not asked again and again", "[queue][report]") {
    full_office office;
    office.fail(1'000);
    CHECK(office.back.tasks.empty());
    CHECK(office.store.rows.envelopes.size() == 1'000);
    CHECK(office.store.refused < 50);
}
