#include "waypost/delivery/local_agent.hpp"

#include <catch2/catch.hpp>

#include "fake_workers.hpp"
#include "process_identity.hpp"
#include "support/captured_stderr.hpp"
#include "support/fake_table.hpp"
#include "support/mail_house.hpp"
#include "worker_pool.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using delivery::action_settings;
using delivery::job;
using test::fake_workers;
using test::finish;

namespace {

constexpr unsigned us = 1000;

struct fixture {
    test::captured_stderr output;
    test::mail_house house;
    test::fake_table users{{{"ada", "1000:100:/home/ada"}, {"eve", "1000:100:/home/eve"}, {"carl", "1001:100:/carl"}}};
    test::fake_table system_users;
    fake_workers fakes;
    test::gate gate;
    std::unique_ptr<delivery::local_agent> agent;

    explicit fixture(action_settings action = {}, unsigned uid = us) {
        action.users = &users;
        action.system_users = &system_users;
        auto workers = std::make_unique<delivery::worker_pool>(
            house.loop.get_executor(), delivery::worker_pool::dependencies{house.clock, house.log, house.io},
            delivery::worker_limits{.at_once = 4, .of_one = 2}, fakes.starter());
        agent = std::make_unique<delivery::local_agent>(
            house.loop.get_executor(), delivery::dependencies{house.clock, house.log, house.io, house.queue},
            std::make_shared<const delivery::settings>(
                delivery::settings{.host = "mx.example.org", .actions = {{"local", action}}}),
            std::move(workers),
            delivery::process_identity{
                .uid = uid,
                .gid = uid,
                .unprivileged_user = {.name = "nobody", .uid = 65534, .gid = 65534, .home = "/"}});
        house.queue.assign("local", *agent, true);
    }
    ~fixture() {
        try {
            gate.open();
            finish(house.loop, agent->stop(0s));
            finish(house.loop, house.queue.stop());
            fakes.join();
            CHECK(fakes.alive() == 0);
        } catch (const std::exception& hangs) {
            FAIL_CHECK("the agent does not stop: " << hangs.what());
        }
    }

    static spool::envelope to(const std::string& user) {
        auto made = test::mail_house::envelope("local", user + "@example.org");
        made.user = user;
        return made;
    }
    /// As time goes by between the start of a daemon and its mail.
    void send(std::vector<spool::envelope> envelopes, std::string text = "Subject: x\r\n\r\nbody\r\n") {
        house.clock.advance(1s);
        house.send("bob@example.net", std::move(envelopes), std::move(text));
    }
    /// What fails is reported together, a little later.
    void until_reported() {
        house.until([this] {
            house.clock.advance(100ms);
            return !house.reports.tasks.empty();
        });
    }
    void answer(const delivery_worker::job_status& status) {
        fakes.act = [status](const fake_workers::seen&) { return fake_workers::answer{.status = status}; };
    }
    void all_wait_at_the_gate() {
        fakes.act = [this](const fake_workers::seen&) {
            gate.pass();
            return fake_workers::answer{};
        };
    }
};

}  // namespace

TEST_CASE("a mail becomes a job of its user's delivery worker", "[delivery][local_agent]") {
    fixture f;
    f.send({fixture::to("ada")}, "Subject: x\r\n\r\nline\r\nline\r\n");
    f.house.until([&] { return f.house.remove() == 1; });
    REQUIRE(f.fakes.jobs().size() == 1);
    const auto done = f.fakes.jobs().front();
    CHECK(done.who == delivery::identity{us, us});
    CHECK(done.what.path == "/home/ada/Maildir");
    CHECK(done.content == "Subject: x\r\n\r\nline\r\nline\r\n");
    CHECK_FALSE(done.what.may_be_repeat);
    CHECK(f.house.store.rows.messages.empty());
    CHECK(f.house.reports.tasks.empty());
    CHECK(f.output.comes("result=Ok"));
}

TEST_CASE("mail that is longer than memory arrives whole", "[delivery][local_agent]") {
    fixture f;
    std::string text = "Subject: long\r\n\r\n";
    while (text.size() < 300'000) text += std::string(text.size() % 90, 'x') + "\r\n";
    f.send({fixture::to("ada")}, text);
    f.house.until([&] { return f.house.remove() == 1; });
    CHECK((f.fakes.jobs().front().content == text));
}

TEST_CASE("what a delivery worker says is what becomes of the mail", "[delivery][local_agent]") {
    fixture f;
    SECTION("it waits") {
        f.answer(delivery_worker::job_status::transient("4.2.2", "Disk full"));
        f.send({fixture::to("ada")});
        f.house.until([&] { return f.house.defer() == 1; });
        CHECK(f.house.last_delay().line() == "451 4.2.2 Disk full");
    }
    SECTION("it fails") {
        f.answer(delivery_worker::job_status::permanent("5.3.0", "Not wanted"));
        f.send({fixture::to("ada")});
        f.until_reported();
        CHECK(f.house.remove() == 1);
        CHECK_THAT(f.house.report_texts().front(), Catch::Contains("Not wanted"));
    }
}

TEST_CASE("a mail whose delivery worker dies waits, and may be there already when it is tried again",
          "[delivery][local_agent]") {
    fixture f;
    f.fakes.act = [](const fake_workers::seen& asked) -> std::optional<fake_workers::answer> {
        if (!asked.what.may_be_repeat) return std::nullopt;
        return fake_workers::answer{};
    };
    f.send({fixture::to("ada")});
    f.house.until([&] { return f.house.defer() == 1; });
    CHECK(f.house.last_delay().is_transient());
    f.house.queue.start();
    f.house.clock.advance(20s);
    f.house.until([&] { return f.house.remove() == 1; });
    CHECK(f.fakes.jobs().back().content == f.fakes.jobs().front().content);
}

TEST_CASE("the recipients of a message are served beside each other, each with his own word",
          "[delivery][local_agent]") {
    fixture f;
    f.all_wait_at_the_gate();
    f.send({fixture::to("ada"), fixture::to("nobody"), fixture::to("eve")});
    f.house.until([&] { return f.gate.waiting() == 2; });
    f.gate.open();
    f.house.until([&] { return f.house.remove() == 2; });
    f.until_reported();
    CHECK(f.house.report_texts().front().find("nobody@example.org") != std::string::npos);
    CHECK(f.house.report_texts().front().find("ada@example.org") == std::string::npos);
}

TEST_CASE("an mbox is written to by one at a time", "[delivery][local_agent]") {
    fixture f({.by = action_settings::method::mbox});
    f.all_wait_at_the_gate();
    f.send({fixture::to("ada")});
    f.house.until([&] { return f.gate.waiting() == 1; });
    for (int i = 0; i < 4; ++i) f.send({fixture::to("ada")});
    f.send({fixture::to("eve")});
    f.house.until([&] { return f.gate.waiting() == 2; });
    CHECK(f.fakes.jobs().size() == 2);
    CHECK(f.fakes.jobs().back().what.path == "/var/mail/eve");
    f.gate.open();
    f.house.until([&] { return f.house.remove() == 6; });
}

TEST_CASE("a target of a user is done as him, one of an alias as nobody in particular", "[delivery][local_agent]") {
    fixture f({}, 0);
    auto his = fixture::to("ada");
    his.target = "/home/ada/box";
    auto nobodys = fixture::to("list");
    nobodys.user.clear();
    nobodys.target = "/srv/archive";
    f.send({his});
    f.house.until([&] { return f.house.remove() == 1; });
    CHECK(f.fakes.jobs().back().who == delivery::identity{1000, 100});
    f.send({nobodys});
    f.house.until([&] { return f.house.remove() == 2; });
    CHECK(f.fakes.jobs().back().who == delivery::identity{65534, 65534});
    CHECK(f.fakes.jobs().back().what.path == "/srv/archive");
}

TEST_CASE("an action may deliver as a user of its own", "[delivery][local_agent]") {
    fixture f({.user = "vmail"}, 0);
    SECTION("of its user base") { f.users.rows["vmail"] = "500:500:/var/vmail"; }
    SECTION("or of the system") { f.system_users.rows["vmail"] = "500:500:/var/vmail"; }
    f.send({fixture::to("whoever")});
    f.house.until([&] { return f.house.remove() == 1; });
    CHECK(f.fakes.jobs().back().who == delivery::identity{500, 500});
    CHECK(f.fakes.jobs().back().what.path == "/var/vmail/Maildir");
}

TEST_CASE("a user of the action who does not exist is the administrator's to mend", "[delivery][local_agent]") {
    fixture f({.user = "vmail"}, 0);
    f.send({fixture::to("ada")});
    f.house.until([&] { return f.house.defer() == 1; });
    CHECK(f.house.last_delay().enhanced() == mail::enhanced_code{4, 3, 5});
}

TEST_CASE("a user who does not exist is a failure for good", "[delivery][local_agent]") {
    fixture f;
    f.send({fixture::to("nobody")});
    f.until_reported();
    CHECK(f.house.remove() == 1);
    CHECK_THAT(f.house.report_texts().front(), Catch::Contains("Status: 5.1.1"));
    CHECK(f.output.comes("result=PermFail"));
}

TEST_CASE("a user database that cannot be asked is no word about the user", "[delivery][local_agent]") {
    fixture f;
    SECTION("it is away") { f.users.unavailable = true; }
    SECTION("its row makes no sense") { f.users.rows["ada"] = "nonsense"; }
    f.send({fixture::to("ada")});
    f.house.until([&] { return f.house.defer() == 1; });
    CHECK(f.house.last_delay().enhanced() == mail::enhanced_code{4, 4, 3});
}

TEST_CASE("mail for a user of another uid waits", "[delivery][local_agent]") {
    fixture f;
    f.send({fixture::to("carl")});
    f.house.until([&] { return f.house.defer() == 1; });
    CHECK(f.house.last_delay().enhanced() == mail::enhanced_code{4, 3, 5});
    CHECK(f.fakes.started() == 0);
}

TEST_CASE("a mail that was delivered to this address before is a loop", "[delivery][local_agent]") {
    fixture f;
    f.send({fixture::to("ada"), fixture::to("eve")}, "Delivered-To: ada@example.org\r\n\r\nround\r\n");
    f.house.until([&] { return f.house.remove() == 1; });
    REQUIRE(f.fakes.jobs().size() == 1);
    CHECK(f.fakes.jobs().front().what.path == "/home/eve/Maildir");
    f.until_reported();
    CHECK_THAT(f.house.report_texts().front(), Catch::Contains("Status: 5.4.6"));
}

TEST_CASE("content that cannot be read delays the mail", "[delivery][local_agent]") {
    fixture f;
    f.users.unavailable = true;
    f.send({fixture::to("ada")});
    f.house.until([&] { return f.house.defer() == 1; });
    // Tried again, it is no longer in memory.
    f.users.unavailable = false;
    f.house.store.rows.refuses = [](test::fake_store::verb what) { return what == test::fake_store::verb::load; };
    f.house.queue.start();
    f.house.clock.advance(20s);
    f.house.until([&] { return f.house.defer() == 2; });
    CHECK(f.house.last_delay().is_transient());
    CHECK(f.fakes.jobs().empty());
}

TEST_CASE("content that comes from the store is read once for the recipients that are served together",
          "[delivery][local_agent]") {
    fixture f;
    f.users.unavailable = true;
    f.send({fixture::to("ada"), fixture::to("eve")});
    f.house.until([&] { return f.house.defer() == 2; });
    f.users.unavailable = false;
    f.all_wait_at_the_gate();
    f.house.queue.start();
    f.house.clock.advance(20s);
    f.house.until([&] { return f.gate.waiting() == 2; });
    f.gate.open();
    f.house.until([&] { return f.house.remove() == 2; });
    CHECK(f.fakes.jobs().back().what.may_be_repeat);
}

TEST_CASE("a fault in the program defers the mail", "[delivery][local_agent]") {
    fixture f;
    f.house.queue.assign("forgotten", *f.agent, true);  // none of the agent's
    auto to = fixture::to("ada");
    to.hop.action = "forgotten";
    f.send({to});
    f.house.until([&] {
        return !f.house.store.rows.envelopes.empty() && f.house.store.rows.envelopes.begin()->second.is.tries == 1;
    });
    CHECK(f.house.store.rows.envelopes.begin()->second.is.last.is_transient());
    CHECK(f.output.comes("bug"));
}

TEST_CASE("no outcome is told from within carry()", "[delivery][local_agent]") {
    fixture f;
    const auto give = [](fixture& in) -> async::awaitable<> {
        spool::transaction next(in.house.store);
        static_cast<void>(co_await next.text().append("x\r\n"));
        next.add(fixture::to("ada"));
        auto kept = co_await next.commit({}, in.house.clock.wall(), false);
        in.users.unavailable = true;
        in.house.queue.accepted(std::move(kept.value()));
        CHECK(in.house.store.changes.empty());
    };
    finish(f.house.loop, give(f));
    f.house.until([&] { return f.house.defer() == 1; });
}

TEST_CASE("an agent that stops leaves what it has not delivered in the store", "[delivery][local_agent]") {
    fixture f;
    f.fakes.hangs = true;
    for (int i = 0; i < 5; ++i) f.send({fixture::to("ada")});
    f.house.until([&] { return f.fakes.jobs().size() == 2; });
    finish(f.house.loop, f.agent->stop(0s));
    CHECK(f.house.store.rows.envelopes.size() == 5);
    CHECK(f.house.defer() == 0);
    CHECK(f.fakes.alive() == 0);
}

TEST_CASE("audit 7: an agent that stops waits for the jobs that are under way, and begins no other",
          "[delivery][local_agent]") {
    fixture f;
    f.all_wait_at_the_gate();
    for (int i = 0; i < 5; ++i) f.send({fixture::to("ada")});
    f.house.until([&] { return f.gate.waiting() == 2; });
    async::task_group stopping(f.house.loop.get_executor());
    stopping.start(f.agent->stop(5s));
    test::settle(f.house.loop);
    f.send({fixture::to("eve")});
    f.gate.open();
    f.house.until([&] { return stopping.size() == 0; });
    CHECK(f.fakes.jobs().size() == 2);
    CHECK(f.house.remove() == 2);
    CHECK(f.house.defer() == 0);
    CHECK(f.fakes.alive() == 0);
}

TEST_CASE("an agent that stops waits no longer than its grace", "[delivery][local_agent]") {
    fixture f;
    f.fakes.hangs = true;
    f.send({fixture::to("ada")});
    f.house.until([&] { return f.fakes.jobs().size() == 1; });
    async::task_group stopping(f.house.loop.get_executor());
    stopping.start(f.agent->stop(5s));
    test::settle(f.house.loop);
    f.house.clock.advance(4s);
    test::settle(f.house.loop);
    CHECK(stopping.size() == 1);
    f.house.clock.advance(1s);
    f.house.until([&] { return stopping.size() == 0; });
    CHECK(f.house.remove() == 0);
    CHECK(f.house.defer() == 0);
}
