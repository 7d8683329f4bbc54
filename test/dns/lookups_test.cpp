#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "support/run_to_end.hpp"
#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"
#include "tiny_server.hpp"
#include "waypost/async/gather.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/dns/cares_resolver.hpp"

using namespace waypost;
using namespace waypost::dns;
using namespace std::chrono_literals;
using test::asked;
using test::reply_to;
using test::run_to_end;
using test::tiny_server;

namespace {

using datagrams = std::vector<std::string>;
using mx_result = base::result<std::vector<mx_record>>;

/// A server that answers about every domain, with TTL 60, when the gate is open.
struct world {
    explicit world(tiny_server::answers given = {})
        : server(
              loop, given ? std::move(given) : [](const asked& question, bool) -> datagrams {
                  return {reply_to(question, 0, {test::mx(question.name, 1, "mx.org")})};
              }) {}

    mx_result ask(const std::string& domain = "example.org") { return run_to_end(loop, dns->mx(domain)); }
    [[nodiscard]] std::size_t questions() const { return server.questions.size(); }

    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    tiny_server server;
    std::unique_ptr<resolver> dns =
        make_cares_resolver(loop.get_executor(), clock, {.servers = {server.where()}, .timeout = 2s, .tries = 1});
};

async::awaitable<> keep(resolver& dns, std::optional<mx_result>& into) { into = co_await dns.mx("example.org"); }

}  // namespace

TEST_CASE("a second question is answered from the cache until its time is over", "[dns][lookups]") {
    world in;
    CHECK(in.ask().has_value());
    in.clock.advance(59s);
    CHECK(in.ask().value() == std::vector<mx_record>{{1, "mx.org"}});
    CHECK(in.ask("EXAMPLE.org.").has_value());
    CHECK(in.questions() == 1);
    in.clock.advance(1s);
    CHECK(in.ask().has_value());
    CHECK(in.questions() == 2);
}

TEST_CASE("what is not there is remembered, too", "[dns][lookups]") {
    world in(
        [](const asked& question, bool) -> datagrams { return {test::absence(question, test::no_such_name, 30)}; });
    CHECK(in.ask().error() == errc::not_found);
    CHECK(in.ask().error() == errc::not_found);
    CHECK(in.questions() == 1);
    in.clock.advance(30s);
    CHECK(in.ask().error() == errc::not_found);
    CHECK(in.questions() == 2);
}

TEST_CASE("a failure is not remembered", "[dns][lookups]") {
    bool broken = true;
    world in([&broken](const asked& question, bool) -> datagrams {
        if (broken) return {reply_to(question, test::server_failure, {})};
        return {reply_to(question, 0, {test::mx(question.name, 1, "mx.org")})};
    });
    CHECK(in.ask().error() == errc::unavailable);
    broken = false;
    CHECK(in.ask().has_value());
}

TEST_CASE("questions of other types and names do not meet", "[dns][lookups]") {
    world in;
    CHECK(in.ask("a.org").has_value());
    CHECK(in.ask("b.org").has_value());
    CHECK(run_to_end(in.loop, in.dns->texts("a.org")).error() == errc::malformed);
    CHECK(in.questions() == 3);
}

TEST_CASE("who asks what is being asked waits for the same answer", "[dns][lookups]") {
    world in;
    std::vector<async::awaitable<mx_result>> askers;
    for (int i = 0; i < 100; ++i) askers.push_back(in.dns->mx(i % 2 == 0 ? "example.org" : "Example.ORG"));
    const auto answers = run_to_end(in.loop, async::gather(std::move(askers)));
    CHECK(std::ranges::all_of(answers, [](const mx_result& each) { return each.has_value() && each->size() == 1; }));
    CHECK(in.questions() == 1);
}

TEST_CASE("an asker who is cancelled leaves the question to the others", "[dns][lookups]") {
    std::optional<asked> held;
    std::string answer;
    world in([&](const asked& question, bool) -> datagrams {
        if (question.name == "example.org") {
            held = question;
            return {};
        }
        // Any other question sets the answer to the held one free.
        return {reply_to(*held, 0, {test::mx("example.org", 1, "mx.org")}), reply_to(question, 0, {})};
    });
    std::optional<mx_result> first;
    std::optional<mx_result> second;
    async::task_group impatient(in.loop.get_executor());
    async::task_group patient(in.loop.get_executor());
    impatient.start(keep(*in.dns, first));
    patient.start(keep(*in.dns, second));
    test::run_until(in.loop, [&held] { return held.has_value(); });
    test::finish(in.loop, impatient.stop());
    CHECK(first.value().error() == errc::unavailable);
    CHECK_FALSE(second.has_value());
    CHECK(in.ask("other.org").has_value());
    test::run_until(in.loop, [&second] { return second.has_value(); });
    CHECK(second->value() == std::vector<mx_record>{{1, "mx.org"}});
    CHECK(in.questions() == 2);
}

TEST_CASE("an answer that nobody waits for any more is kept all the same", "[dns][lookups]") {
    std::optional<asked> held;
    world in([&](const asked& question, bool) -> datagrams {
        if (question.name == "example.org") {
            held = question;
            return {};
        }
        return {reply_to(*held, 0, {test::mx("example.org", 1, "mx.org")}), reply_to(question, 0, {})};
    });
    std::optional<mx_result> first;
    async::task_group impatient(in.loop.get_executor());
    impatient.start(keep(*in.dns, first));
    test::run_until(in.loop, [&held] { return held.has_value(); });
    test::finish(in.loop, impatient.stop());
    CHECK(in.ask("other.org").has_value());
    CHECK(in.ask().value().size() == 1);
    CHECK(in.questions() == 2);
}

TEST_CASE("an onion name is never asked for", "[dns][lookups]") {
    world in;
    CHECK(in.ask("abc.onion").error() == errc::not_found);
    CHECK(in.ask("abc.ONION.").error() == errc::not_found);
    CHECK(in.questions() == 0);
}
