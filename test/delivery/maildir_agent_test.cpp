#include "waypost/delivery/maildir_agent.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/captured_stderr.hpp"
#include "support/fake_table.hpp"
#include "support/mail_house.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using test::finish;
namespace fs = std::filesystem;

namespace {

std::optional<delivery::format> path_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return std::get<delivery::format>(delivery::format::parse(text));
}

struct fixture {
    test::captured_stderr output;
    test::temporary_directory home;
    test::mail_house house;
    test::fake_table users;
    delivery::maildir_agent agent;

    explicit fixture(const std::string& maildir = {})
        : agent(house.loop.get_executor(), {house.clock, house.log, house.io, house.queue},
                {.host = "mx.example.org",
                 .actions = {{"local", {.name = "local", .maildir = path_of(maildir), .users = &users}}}}) {
        add("ada");
        house.queue.assign("local", agent, true);
    }
    ~fixture() {
        try {
            finish(house.loop, agent.stop());
            finish(house.loop, house.queue.stop());
        } catch (const std::exception& hangs) {
            FAIL_CHECK("the agent does not stop: " << hangs.what());
        }
    }

    void add(const std::string& user) { users.rows[user] = std::to_string(::geteuid()) + ":100:" + (home / user); }
    static spool::envelope to(const std::string& user) {
        auto made = test::mail_house::envelope("local", user + "@example.org");
        made.user = user;
        return made;
    }
    std::vector<std::string> mails(const std::string& maildir) const {
        std::vector<std::string> texts;
        if (!fs::exists(maildir + "/new")) return texts;
        for (const auto& each : fs::directory_iterator(maildir + "/new")) texts.push_back(test::read_file(each.path()));
        return texts;
    }
};

}  // namespace

TEST_CASE("mail is delivered to the Maildir in the user's home", "[delivery][maildir_agent]") {
    fixture f;
    const auto id = f.house.send("bob@example.net", {fixture::to("ada")}, "Subject: x\r\n\r\nline\r\nline\r\n");
    f.house.until([&] { return f.house.finished() == 1; });
    const std::string maildir = f.home / "ada/Maildir";
    REQUIRE(f.mails(maildir).size() == 1);
    CHECK(f.mails(maildir).front() ==
          "Return-Path: <bob@example.net>\nDelivered-To: ada@example.org\nSubject: x\n\nline\nline\n");
    // Named after the envelope, so that a second delivery of it replaces the first.
    CHECK(fs::exists(maildir + "/new/" + spool::to_string(spool::envelope_of(id, 0)) + ".mx.example.org"));
    CHECK(f.house.store.rows.messages.empty());
    CHECK(f.house.reports.tasks.empty());
}

TEST_CASE("a report has an empty Return-Path", "[delivery][maildir_agent]") {
    fixture f;
    f.house.send("", {fixture::to("ada")});
    f.house.until([&] { return f.house.finished() == 1; });
    REQUIRE(f.mails(f.home / "ada/Maildir").size() == 1);
    CHECK(f.mails(f.home / "ada/Maildir").front().starts_with("Return-Path: <>\nDelivered-To: ada@example.org\n"));
}

TEST_CASE("the action may say where the Maildir is", "[delivery][maildir_agent]") {
    const test::temporary_directory elsewhere;
    fixture f(elsewhere / "box");
    f.house.send("bob@example.net", {fixture::to("ada")});
    f.house.until([&] { return f.house.finished() == 1; });
    CHECK(f.mails(elsewhere / "box").size() == 1);
    CHECK_FALSE(fs::exists(f.home / "ada"));
}

TEST_CASE("mail that is longer than memory is delivered whole, wherever its pieces end", "[delivery][maildir_agent]") {
    fixture f;
    std::string text = "Subject: long\r\n\r\n";
    std::string expected = "Return-Path: <bob@example.net>\nDelivered-To: ada@example.org\nSubject: long\n\n";
    for (int i = 0; text.size() < 300'000; ++i) {
        const std::string line(static_cast<std::size_t>(i * 37 % 90), 'x');
        text += line + "\r\n";
        expected += line + "\n";
    }
    f.house.send("bob@example.net", {fixture::to("ada")}, text);
    f.house.until([&] { return f.house.finished() == 1; });
    REQUIRE(f.mails(f.home / "ada/Maildir").size() == 1);
    CHECK((f.mails(f.home / "ada/Maildir").front() == expected));
}

TEST_CASE("each recipient of a message gets his own copy and his own word", "[delivery][maildir_agent]") {
    fixture f;
    f.add("eve");
    f.house.send("bob@example.net", {fixture::to("ada"), fixture::to("nobody"), fixture::to("eve")});
    f.house.until([&] { return f.house.finished() == 2; });
    CHECK(f.mails(f.home / "ada/Maildir").size() == 1);
    CHECK(f.mails(f.home / "eve/Maildir").size() == 1);
    f.house.clock.advance(10s);  // what fails is reported together, a little later
    f.house.until([&] { return f.house.reports.tasks.size() == 1; });
    CHECK(f.house.report_texts().front().find("nobody@example.org") != std::string::npos);
    CHECK(f.house.report_texts().front().find("ada@example.org") == std::string::npos);
}

TEST_CASE("a user who does not exist is a failure for good", "[delivery][maildir_agent]") {
    fixture f;
    f.house.send("bob@example.net", {fixture::to("nobody")});
    f.house.clock.advance(10s);
    f.house.until([&] { return f.house.finished() == 1; });
    REQUIRE(f.house.reports.tasks.size() == 1);
    CHECK_THAT(f.house.report_texts().front(), Catch::Contains("Status: 5.1.1"));
    f.house.until([&] { return f.output.has("event=delivery"); });
    CHECK(f.output.comes("result=PermFail"));
}

TEST_CASE("a user database that cannot be asked is no word about the user", "[delivery][maildir_agent]") {
    fixture f;
    f.users.unavailable = true;
    f.house.send("bob@example.net", {fixture::to("ada")});
    f.house.until([&] { return f.house.postponed() == 1; });
    CHECK(f.house.last_delay().enhanced() == mail::enhanced_code{4, 4, 3});
    CHECK(f.house.finished() == 0);
}

TEST_CASE("a row of the user database that makes no sense is no word about the user", "[delivery][maildir_agent]") {
    fixture f;
    f.users.rows["ada"] = "nonsense";
    f.house.send("bob@example.net", {fixture::to("ada")});
    f.house.until([&] { return f.house.postponed() == 1; });
    CHECK(f.house.finished() == 0);
}

TEST_CASE("mail for a user of another uid waits", "[delivery][maildir_agent]") {
    fixture f;
    f.users.rows["ada"] = std::to_string(::geteuid() + 1) + ":100:" + (f.home / "ada");
    f.house.send("bob@example.net", {fixture::to("ada")});
    f.house.until([&] { return f.house.postponed() == 1; });
    CHECK(f.house.last_delay().is_transient());
    CHECK_FALSE(fs::exists(f.home / "ada"));
}

TEST_CASE("a Maildir that cannot be written delays the mail", "[delivery][maildir_agent]") {
    fixture f;
    test::write_file(f.home / "ada", "a file where the home should be");
    f.house.send("bob@example.net", {fixture::to("ada")});
    f.house.until([&] { return f.house.postponed() == 1; });
    CHECK(f.house.last_delay().is_transient());
    SECTION("and is tried again") {
        fs::remove(f.home / "ada");
        f.house.queue.start();
        f.house.clock.advance(20s);
        f.house.until([&] { return f.house.finished() == 1; });
        CHECK(f.mails(f.home / "ada/Maildir").size() == 1);
    }
}

TEST_CASE("content that cannot be read delays the mail", "[delivery][maildir_agent]") {
    fixture f;
    f.users.unavailable = true;
    f.house.send("bob@example.net", {fixture::to("ada")});
    f.house.until([&] { return f.house.postponed() == 1; });
    // Tried again, it is no longer in memory.
    f.users.unavailable = false;
    f.house.store.rows.refuses = [](test::fake_store::verb what) { return what == test::fake_store::verb::load; };
    f.house.queue.start();
    f.house.clock.advance(20s);
    f.house.until([&] { return f.house.postponed() == 2; });
    CHECK(f.house.last_delay().is_transient());
    CHECK_FALSE(fs::exists(f.home / "ada"));
}

TEST_CASE("no outcome is told from within carry()", "[delivery][maildir_agent]") {
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
    f.house.until([&] { return f.house.postponed() == 1; });
}

TEST_CASE("an agent that stops leaves what it has not delivered in the store", "[delivery][maildir_agent]") {
    fixture f;
    for (int i = 0; i < 5; ++i) f.house.send("bob@example.net", {fixture::to("ada")});
    finish(f.house.loop, f.agent.stop());
    const auto delivered = f.mails(f.home / "ada/Maildir").size();
    CHECK(f.house.store.rows.envelopes.size() == 5 - f.house.finished());
    CHECK(f.house.finished() <= delivered);
    CHECK(f.house.postponed() == 0);
    CHECK(fs::is_empty(f.home / "ada/Maildir/tmp"));
}
