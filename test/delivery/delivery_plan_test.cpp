#include "delivery_plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace waypost;
using namespace std::chrono_literals;
using delivery::action_settings;
using delivery::delivery_plan;
using delivery::job;

namespace {

constexpr delivery::identity ada_id{1001, 1001};

delivery::format path_of(const std::string& text) { return std::get<delivery::format>(delivery::format::parse(text)); }

struct fixture {
    spool::message message{.sender = {.address = mail::reverse_path::from_text("bob@example.net").value()}};
    spool::envelope envelope{
        .id = spool::envelope_of(spool::message_id(7), 0),
        .hop = {.action = "local", .domain = {}},
        .recipient = {.address = mail::mailbox::parse("ada+tag@example.org").value(), .notify = {}, .original = {}},
        .original = "list@example.org",
        .user = "ada",
        .extension = "tag"};
    action_settings action;
    delivery::settings how{.host = "mx.example.org", .queue = "0123456789abcdef"};
    table::userinfo::value user{.name = "ada", .uid = 1001, .gid = 1001, .home = "/home/ada"};
    delivery::process_identity us{
        .uid = 0, .gid = 0, .unprivileged_user = {.name = "nobody", .uid = 65534, .gid = 65534, .home = "/"}};
    std::optional<unsigned> spool_group;

    fixture() {
        message.id = spool::message_id(7);
        how.first_new_id = spool::message_id(7);
    }

    std::variant<delivery_plan, mail::status> answer() {
        return delivery::plan_of({.message = message,
                                  .envelope = envelope,
                                  .action = action,
                                  .settings = how,
                                  .user = user,
                                  .self = us,
                                  .spool_group = spool_group});
    }
    delivery_plan accepted() {
        auto found = answer();
        REQUIRE(std::holds_alternative<delivery_plan>(found));
        return std::get<delivery_plan>(found);
    }
    mail::status refused() {
        auto found = answer();
        REQUIRE(std::holds_alternative<mail::status>(found));
        return std::get<mail::status>(found);
    }
    void not_as_root() { us = {.uid = 1001, .gid = 100, .unprivileged_user = user}; }
};

const mail::enhanced_code to_be_mended{4, 3, 5};

}  // namespace

TEST_CASE("a mail for a Maildir is a job under its user's identity", "[delivery][delivery plan]") {
    fixture f;
    const delivery_plan made = f.accepted();
    CHECK(made.identity == ada_id);
    CHECK(made.job.operation == job::kind::maildir);
    CHECK(made.job.path == "/home/ada/Maildir");
    CHECK(made.job.name == spool::to_string(f.envelope.id) + ".0123456789abcdef.mx.example.org");
    CHECK(made.job.extension == "tag");
    CHECK_FALSE(made.job.junk);
    CHECK(made.job.head == "Return-Path: <bob@example.net>\r\nDelivered-To: ada+tag@example.org\r\n");
}

TEST_CASE("a report has an empty Return-Path", "[delivery][delivery plan]") {
    fixture f;
    f.message.sender = {};
    CHECK(f.accepted().job.head.starts_with("Return-Path: <>\r\n"));
}

TEST_CASE("the Maildir is where the action says", "[delivery][delivery plan]") {
    fixture f;
    const auto path = [&](const std::string& text) {
        f.action.maildir = path_of(text);
        return f.accepted().job.path;
    };
    CHECK(path("/var/mail/box") == "/var/mail/box");
    CHECK(path("~/Mail") == "/home/ada/Mail");
}

TEST_CASE("audit 33: a relative Maildir begins in the home, not where the daemon was started",
          "[delivery][delivery plan]") {
    fixture f;
    f.action.maildir = path_of("Mail/%{dest.domain}");
    CHECK(f.accepted().job.path == "/home/ada/Mail/example.org");
}

TEST_CASE("audit 48: a home that is the root directory has one slash behind it", "[delivery][delivery plan]") {
    fixture f;
    f.user.home = "/";
    CHECK(f.accepted().job.path == "/Maildir");
    for (const std::string text : {"Mail", "~/Mail", "%{user.directory}/Mail"}) {
        f.action.maildir = path_of(text);
        CHECK(f.accepted().job.path == "/Mail");
    }
    f.action.maildir = path_of("%{user.directory}");
    CHECK(f.accepted().job.path == "/");
}

TEST_CASE("spam is sorted out where the action says so", "[delivery][delivery plan]") {
    fixture f;
    f.action.junk = true;
    CHECK(f.accepted().job.junk);
}

TEST_CASE("what was tried before, or by an earlier daemon, may be there already", "[delivery][delivery plan]") {
    fixture f;
    CHECK_FALSE(f.accepted().job.may_be_repeat);
    SECTION("it was tried") { f.envelope.tries = 1; }
    SECTION("it came before we began") { f.how.first_new_id = spool::message_id(8); }
    CHECK(f.accepted().job.may_be_repeat);
}

TEST_CASE("audit 2: what an earlier daemon accepted is known by its id, whatever the calendar said then",
          "[delivery][delivery plan]") {
    fixture f;
    f.how.first_new_id = spool::message_id(8);
    f.message.arrived = async::wall_time::max();
    CHECK(f.accepted().job.may_be_repeat);
}

TEST_CASE("audit 2: queues of hosts with one name give their mail names of their own", "[delivery][delivery plan]") {
    fixture f;
    const std::string one = f.accepted().job.name;
    f.how.queue = "0123456789abcdee";
    CHECK(f.accepted().job.name != one);
    SECTION("and a long host name does not make a name that no file can have") {
        f.how.host = std::string(255, 'h');
        CHECK(f.accepted().job.name.size() < 200);
    }
}

TEST_CASE("a daemon that is not root delivers to its own uid alone", "[delivery][delivery plan]") {
    fixture f;
    f.not_as_root();
    CHECK(f.accepted().identity == delivery::identity{1001, 100});  // the group is the process's
    f.user.uid = 1002;
    CHECK(f.refused().enhanced() == to_be_mended);
    f.user.uid = 0;
    CHECK(f.refused().is_transient());
}

TEST_CASE("a mailbox is a file of the user's name in the mail spool", "[delivery][delivery plan]") {
    fixture f;
    f.action.by = action_settings::method::mbox;
    const delivery_plan made = f.accepted();
    CHECK(made.identity == ada_id);
    CHECK(made.job.operation == job::kind::mbox);
    CHECK(made.job.path == "/var/mail/ada");
    CHECK(made.job.sender == "bob@example.net");
}

TEST_CASE("a mailbox is written with the group that may make locks beside it", "[delivery][delivery plan]") {
    fixture f;
    f.action.by = action_settings::method::mbox;
    f.spool_group = 8;
    CHECK(f.accepted().identity == delivery::identity{1001, 8});
    SECTION("which is no business of a file elsewhere") {
        f.envelope.target = "/home/ada/box";
        CHECK(f.accepted().identity == ada_id);
    }
    SECTION("nor of a Maildir") {
        f.action.by = action_settings::method::maildir;
        CHECK(f.accepted().identity == ada_id);
    }
    SECTION("nor of a daemon that cannot take it") {
        f.not_as_root();
        CHECK(f.accepted().identity == delivery::identity{1001, 100});
    }
}

TEST_CASE("no user's name leads out of the mail spool", "[delivery][delivery plan]") {
    fixture f;
    f.action.by = action_settings::method::mbox;
    f.user.name =
        GENERATE(as<std::string>(), "", ".", "..", "../../etc/passwd", "a/b", std::string("a\0b", 3), ".lock");
    CHECK(f.refused().enhanced() == to_be_mended);
}

TEST_CASE("a target comes before the mailbox", "[delivery][delivery plan]") {
    fixture f;
    f.envelope.target = "/home/ada/archive";
    f.action.by = GENERATE(action_settings::method::mbox, action_settings::method::maildir,
                           action_settings::method::only_targets);
    const delivery_plan made = f.accepted();
    CHECK(made.job.operation == job::kind::mbox);
    CHECK(made.job.path == "/home/ada/archive");
    CHECK(made.identity == ada_id);
}

TEST_CASE("a command of a role works in the root directory where its home is missing, a person's waits",
          "[delivery][delivery plan]") {
    fixture f;
    f.envelope.target = "|/usr/bin/notify";
    CHECK(f.accepted().job.path.empty());
    f.envelope.user.clear();
    f.user = f.us.unprivileged_user;
    CHECK(f.accepted().job.path == "/");
    CHECK(f.accepted().job.home == "/");
    f.envelope.user = "ada";
    f.action.user = "vmail";
    f.user = {.name = "vmail", .uid = 998, .gid = 998, .home = "/nonexistent"};
    CHECK(f.accepted().job.path == "/");
    CHECK(f.accepted().job.home == "/nonexistent");
}

TEST_CASE("a command of a person who has no home works in the root directory", "[delivery][delivery plan]") {
    fixture f;
    f.envelope.target = "|/usr/bin/notify";
    for (const char* home : {"", "/nonexistent"}) {
        f.user.home = home;
        CHECK(f.accepted().job.path == "/");
        CHECK(f.accepted().job.home == home);
    }
}

TEST_CASE("a target that is none is the administrator's to mend", "[delivery][delivery plan]") {
    fixture f;
    f.envelope.target = "relative/path";
    CHECK(f.refused().enhanced() == to_be_mended);
}

TEST_CASE("who has no mailbox here and no .forward waits", "[delivery][delivery plan]") {
    fixture f;
    f.action.by = action_settings::method::only_targets;
    CHECK(f.refused().line().starts_with("450 4.2.0 "));
}
