#include <catch2/catch.hpp>

#include "config/load/loads.hpp"
#include "support/run_to_end.hpp"

using namespace waypost;
using namespace waypost::config;
using namespace std::chrono_literals;

namespace {

std::string rule_for(const std::string& action) { return "action a " + action + "\nmatch for any action a\n"; }
const delivery::action_settings& local(const generation& loaded) { return loaded.delivery.actions.at("a"); }

const delivery::format_values values{.sender = mail::reverse_path::from_text("s@x").value(),
                                     .rcpt = mail::mailbox::parse("r@x").value(),
                                     .dest = mail::mailbox::parse("d+t@x").value(),
                                     .username = "d",
                                     .directory = "/home/d"};

const identity joe{.uid = 4711, .name = "joe"};

const auto sender = mail::reverse_path::from_text("ada@origin.example").value();
const auto here_domain = mail::domain::parse("here.example").value();

}  // namespace

TEST_CASE("a local action's settings are what it says", "[config][load_local]") {
    using method = delivery::action_settings::method;
    using rule_method = rules::action::method;
    const generation mbox = settings_of(rule_for("mbox"));
    CHECK(local(mbox).by == method::mbox);
    CHECK(local(mbox).users->name() == "getpwnam");
    CHECK(mbox.rules->find_action("a")->kind == rule_method::local);
    CHECK(mbox.rules->find_action("a")->reads_forward);
    CHECK(mbox.rules->find_action("a")->users == local(mbox).users);

    const generation maildir = settings_of(rule_for("maildir \"~/Mail/%{dest.user:strip}\" junk user root"));
    CHECK(local(maildir).maildir.value().expand_path(values).value() == "/home/d/Mail/d");
    CHECK(local(maildir).junk);
    CHECK(local(maildir).user == "root");
    CHECK(local(maildir).system_users != nullptr);
    CHECK_FALSE(maildir.rules->find_action("a")->reads_forward);

    const generation mda = settings_of("mda wrapper w \"nice %{mda}\"\n" + rule_for("mda \"x -d %{dest}\" wrapper w"));
    CHECK(local(mda).by == method::command);
    CHECK(local(mda).mda.value().arguments(values).value() == std::vector<std::string>{"nice", "x", "-d", "d+t@x"});

    const generation expand = settings_of(rule_for("expand-only alias { x = y }"));
    CHECK(local(expand).by == method::only_targets);
    CHECK(expand.rules->find_action("a")->kind == rule_method::expand_only);
    CHECK_FALSE(expand.rules->find_action("a")->reads_forward);
    const generation forward = settings_of(rule_for("forward-only"));
    CHECK(local(forward).by == method::only_targets);
    CHECK(forward.rules->find_action("a")->kind == rule_method::forward_only);
    CHECK(forward.rules->find_action("a")->reads_forward);
}

TEST_CASE("lmtp is a relay to one host for users of here", "[config][load_local]") {
    const auto url_of = [](const std::string& destination) {
        generation made = settings_of(rule_for("lmtp " + destination));
        boost::asio::io_context loop;
        auto asked = made.relay.actions.at("a").hosts->fetch(table::service::relayhost);
        return test::run_to_end(loop, std::move(asked)).value().value();
    };
    CHECK(url_of("localhost:24") == "lmtp://localhost:24");
    CHECK(url_of("\"[::1]:24\"") == "lmtp://[::1]:24");
    CHECK(url_of("/run/dovecot/lmtp") == "lmtp:///run/dovecot/lmtp");
    CHECK(url_of("lmtp://localhost:24") == "lmtp://localhost:24");
    const generation made = settings_of(rule_for("lmtp localhost:24 ttl 1h"));
    CHECK(made.relay.actions.at("a").lmtp_user_only);
    CHECK_FALSE(settings_of(rule_for("lmtp localhost:24 rcpt-to")).relay.actions.at("a").lmtp_user_only);
    CHECK_FALSE(made.delivery.actions.contains("a"));
    CHECK(made.rules->find_action("a")->kind == rules::action::method::mailbox_store);
    CHECK(made.rules->find_action("a")->users->name() == "getpwnam");
    for (const std::string bad : {"localhost", "h:99999", "a@h:24", "h:24/x"}) {
        CHECK_THAT(load_faults(rule_for("lmtp \"" + bad + "\"")),
                   Catch::StartsWith("t:1:15: \"" + bad + "\" is no server"));
    }
}

TEST_CASE("what is wrong with a path, a command or a wrapper is a fault of its place", "[config][load_local]") {
    CHECK_THAT(load_faults(rule_for("maildir \"/m/%{user}\"")),
               Catch::StartsWith("t:1:18: unknown format specifier %{user}; write "));
    CHECK_THAT(load_faults(rule_for("maildir /m/%u")), Catch::StartsWith("t:1:18: \"%u\" is a format specifier of"));
    CHECK_THAT(load_faults(rule_for("mda \"x | y %{sender}\"")), Catch::Contains("write \"$SENDER\""));
    CHECK_THAT(load_faults("mda wrapper w \"nice\"\n" + rule_for("mda x")),
               Catch::StartsWith("t:1:15: a wrapper without"));
    CHECK(load_faults("mda wrapper slow \"nice %{mda}\"\n" + rule_for("mda x wrapper slwo")) ==
          "t:2:24: there is no wrapper \"slwo\"; did you mean \"slow\"?");
    CHECK(load_faults(rule_for("mda x wrapper w")) ==
          "t:1:24: there is no wrapper \"w\"; define it: mda wrapper \"w\" \"command %{mda}\"");
}

TEST_CASE("audit 33: a Maildir in the home of somebody else is a fault", "[config][load_local]") {
    CHECK(load_faults(rule_for("maildir \"~eve/Mail\"")) ==
          "t:1:18: \"~eve/Mail\" is in the home of somebody else; write ~/eve/Mail for the recipient's own, or a path "
          "that begins with /");
    CHECK_THAT(load_faults(rule_for("maildir \"~\"")), Catch::Contains("somebody else"));
    CHECK(load_faults(rule_for("maildir \"~/Mail\"")).empty());
    CHECK(load_faults(rule_for("maildir \"Mail\"")).empty());
}

TEST_CASE("limits, the tag's delimiter and srs reach their rooms", "[config][load_local]") {
    const generation made = settings_of(
        "mda limit max-session 9 max-session-per-user 3\nsmtp sub-addr-delim -\n"
        "srs key old\nsrs ttl 1d\n" +
        rule_for("relay srs"));
    CHECK(made.delivery.limits == delivery::delivery_limits{.max_sessions = 9, .max_sessions_per_user = 3});
    CHECK(made.rules->tag_delimiter() == '-');
    CHECK(made.delivery.tag_delimiter == '-');
    REQUIRE(made.srs != nullptr);
    const mail::srs by_hand({.key = base::secret("old"), .backup = {}, .ttl = 24h});
    const auto forwarded = by_hand.forwarded(sender, here_domain, {});
    CHECK(made.srs->forwarded(sender, here_domain, {}) == forwarded);
    CHECK(made.srs->reversed(forwarded.address()->local, mail::srs::time(24h)));
    CHECK_FALSE(made.srs->reversed(forwarded.address()->local, mail::srs::time(48h)));
    CHECK(made.relay.actions.at("a").srs == made.srs);
    CHECK(settings_of(rule_for("relay")).srs == nullptr);
    CHECK(load_faults(rule_for("relay srs")) ==
          "t:1:16: \"srs\" without a key; write a line srs key \"a long secret\"");
    CHECK_THAT(load_faults("srs key backup x\n" + rule_for("relay")),
               Catch::StartsWith("t:1:16: \"srs\" without a key"));
    CHECK_THAT(load_faults("srs key \"${WAYPOST_NO_SUCH_NAME}\"\n" + rule_for("relay")),
               Catch::StartsWith("t:1:9: no key of \"srs\""));
}

TEST_CASE("a key of srs may stand in a file", "[config][load_local]") {
    const scratch_directory here;
    const auto one =
        settings_of("srs key \"file:" + here.write("key", "from the file\n") + "\"\n" + rule_for("relay")).srs;
    const mail::srs by_hand({.key = base::secret("from the file"), .backup = {}});
    CHECK(one->forwarded(sender, here_domain, {}) == by_hand.forwarded(sender, here_domain, {}));
}

TEST_CASE("without root, a rule for other users is a warning at its line", "[config][load_rights]") {
    const std::string only =
        "t:2:1: warning: without root only mail of \"joe\" can be delivered, and this rule's action ";
    const std::string hint = "; start waypost as root, or write user joe";
    CHECK(load_faults(rule_for("maildir"), joe) ==
          only + "takes mail for all users of the system: theirs will wait" + hint);
    CHECK(load_faults(rule_for("mbox"), joe) ==
          only + "takes mail for all users of the system: theirs will wait; start waypost as root");
    CHECK(load_faults(rule_for("maildir") + "match for local action a\n", joe) ==
          load_faults(rule_for("maildir"), joe));
    CHECK_THAT(load_faults(rule_for("maildir"), identity{.uid = 4711, .name = ""}),
               Catch::Contains("mail of uid 4711") && Catch::EndsWith("; start waypost as root"));
    CHECK_THAT(load_faults("accept for any deliver to maildir", joe), Catch::EndsWith("; start waypost as root"));
    CHECK(load_faults(rule_for("maildir user root"), joe) == only + "delivers as \"root\": its mail will wait" + hint);
    CHECK(load_faults(rule_for("maildir userbase { a = 4711:1:/a, b = 1:1:/b, c = 2:1:/c }"), joe) ==
          only + "takes mail for others: that of \"b\", \"c\" will wait" + hint);
    CHECK_THAT(load_faults(rule_for("maildir userbase { b = 1:1:/b, c = 2:1:/c, d = 3:1:/d, e = 4:1:/e }"), joe),
               Catch::Contains("\"d\" and 1 more will wait"));
}

TEST_CASE("without root, what comes to its own user is no warning", "[config][load_rights]") {
    CHECK(load_faults(rule_for("maildir /m virtual { \"@\" = joe }"), joe).empty());
    CHECK_FALSE(load_faults(rule_for("maildir /m virtual { \"@\" = jim }"), joe).empty());
    CHECK(load_faults(rule_for("maildir userbase { a = 4711:1:/a }"), joe).empty());
    CHECK(load_faults(rule_for("mda x userbase { v = 4711:1:/a } user v"), joe).empty());
    CHECK(load_faults(rule_for("lmtp localhost:24"), joe).empty());
    CHECK(load_faults(rule_for("expand-only alias { a = b@c.example }"), joe).empty());
    CHECK(load_faults(rule_for("relay"), joe).empty());
    CHECK(load_faults("action a maildir\nmatch for any reject", joe).empty());
}

TEST_CASE("a user who is nobody is a warning", "[config][load_rights]") {
    CHECK(load_faults(rule_for("maildir user waypost-nobody")) ==
          "t:1:23: warning: there is no user \"waypost-nobody\": mail will wait for him; write the name of a user of "
          "this system or of the action's userbase");
    CHECK(load_faults(rule_for("maildir user waypost-nobody userbase { waypost-nobody = 5:5:/x }")).empty());
    CHECK(load_faults(rule_for("maildir user nobody")).empty());
}

TEST_CASE("root runs no commands, so a user of uid 0 with one is a warning", "[config][load_rights]") {
    CHECK(load_faults(rule_for("mda x userbase { a = 0:0:/root, b = 1:1:/b }")) ==
          "t:2:1: warning: no command is run as root: mail of \"a\" will wait; give the action another user, or the "
          "user another uid");
    CHECK_THAT(load_faults(rule_for("mda x user root")), Catch::Contains("mail of \"root\" will wait"));
    CHECK(load_faults(rule_for("maildir userbase { a = 0:0:/root }")).empty());
    CHECK(load_faults(rule_for("mda x")).empty());
}
