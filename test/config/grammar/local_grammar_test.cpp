#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost::config;
using namespace std::chrono_literals;

namespace {

using method = action::method;
action action_of(const std::string& text) { return model_of("action a " + text).actions.at(0); }
std::string fault_of_action(const std::string& text) { return fault_of("action a " + text); }

}  // namespace

TEST_CASE("each way to deliver here has its arguments and its options", "[config][local_grammar]") {
    const action mbox = action_of("mbox alias <t> userbase <u> ttl 1h");
    CHECK(mbox.by == method::mbox);
    CHECK(mbox.alias->name == "t");
    CHECK(mbox.userbase->name == "u");
    CHECK(mbox.ttl == 1h);
    const action maildir = action_of("maildir \"~/Mail/%{dest.user}\" junk virtual <t> user joe");
    CHECK(maildir.path.text == "~/Mail/%{dest.user}");
    CHECK(maildir.local.junk);
    CHECK(maildir.user->text == "joe");
    CHECK(action_of("maildir junk").path.text.empty());
    const action lmtp = action_of("lmtp \"localhost:24\" rcpt-to");
    CHECK(lmtp.lmtp.text == "localhost:24");
    CHECK(lmtp.rcpt_to);
    CHECK_FALSE(action_of("lmtp /run/dovecot/lmtp userbase <u>").rcpt_to);
    const action mda = action_of("mda \"/bin/x -d %{dest}\" wrapper \"slow\" user joe");
    CHECK(mda.command.text == "/bin/x -d %{dest}");
    CHECK(mda.wrapper->text == "slow");
    CHECK(action_of("expand-only alias <t>").by == method::expand_only);
    CHECK(action_of("forward-only").by == method::forward_only);
}

TEST_CASE("an option of another way to deliver is a fault that says why", "[config][local_grammar]") {
    CHECK(fault_of_action("mbox junk") == "t:1:15: \"junk\" with \"mbox\", which has no folders; remove it");
    CHECK(fault_of_action("maildir wrapper w") ==
          "t:1:18: \"wrapper\" with \"maildir\", which runs no command to be wrapped; remove it");
    CHECK(fault_of_action("mbox user joe") ==
          "t:1:15: \"user\" with \"mbox\", where each mailbox is its user's own; remove it");
    CHECK(fault_of_action("expand-only user joe") ==
          "t:1:22: \"user\" with \"expand-only\", which delivers to nobody; remove it");
    CHECK_THAT(fault_of_action("forward-only user joe"), Catch::Contains("delivers to nobody"));
    CHECK(fault_of_action("mda \"x\" rcpt-to") ==
          "t:1:18: \"rcpt-to\" with \"mda\", which speaks to no other server; remove it");
    CHECK_THAT(fault_of_action("lmtp x:24 user joe"), Catch::Contains("warning: \"user\" with \"lmtp\""));
    CHECK(fault_of_action("mbox alias <t> virtual <t>") ==
          "t:1:25: \"alias\" and \"virtual\" in one action; keep one of them");
    CHECK(fault_of_action("mda") == "t:1:13: expected a command, found the end of the line");
    CHECK(fault_of_action("lmtp") == "t:1:14: expected host:port or the path of a socket, found the end of the line");
    CHECK(fault_of_action("mbox jnuk") == "t:1:15: unknown option of \"mbox\" \"jnuk\"; did you mean \"junk\"?");
}

TEST_CASE("limits of local deliveries stand in a line or in braces", "[config][mda_settings]") {
    CHECK(model_of("").delivery.limits ==
          waypost::delivery::delivery_limits{.max_sessions = 50, .max_sessions_per_user = 7});
    CHECK(model_of("mda limit max-session 10 max-session-per-user 2").delivery.limits ==
          waypost::delivery::delivery_limits{10, 2});
    CHECK(model_of("mda limit {\n max-session 10,\n max-session-per-user 2\n}").delivery.limits ==
          waypost::delivery::delivery_limits{10, 2});
    for (const std::string word : {"task-hiwat", "task-lowat", "task-release"}) {
        CHECK_THAT(fault_of("mda limit " + word + " 5"), Catch::Contains("no meaning here; remove it"));
    }
    CHECK(fault_of("mda limit max-sesion 5") ==
          "t:1:11: unknown limit of \"mda\" \"max-sesion\"; did you mean \"max-session\"?");
    CHECK(fault_of("mda limit max-session 5 max-session 6") ==
          "t:1:25: \"max-session\" stands here twice; remove one of them");
    CHECK_THAT(fault_of("mda limit max-session 0"), Catch::Contains("write a number from 1"));
    CHECK(fault_of("mda limit") == "t:1:10: expected a limit of \"mda\", found the end of the line");
    CHECK_THAT(fault_of("mda limits x"), Catch::Contains("did you mean \"limit\"?"));
}

TEST_CASE("a wrapper has a name of its own and a command", "[config][mda_settings]") {
    const model what = model_of("mda wrapper slow \"nice %{mda}\"\nmda wrapper x \"y\"");
    REQUIRE(what.wrappers.size() == 2);
    CHECK(what.wrappers[0].name == "slow");
    CHECK(what.wrappers[0].command.text == "nice %{mda}");
    CHECK(fault_of("mda wrapper a \"x\"\nmda wrapper a \"y\"") ==
          "t:2:13: there is a wrapper \"a\" already, at line 1; give this one another name");
    CHECK_THAT(fault_of("mda wrapper a"), Catch::Contains("expected a command"));
}

TEST_CASE("keys of srs are read and never shown", "[config][mda_settings]") {
    const model what = model_of("srs key \"first secret\"\nsrs key backup second\nsrs ttl 2d\naction a relay srs");
    REQUIRE(what.srs);
    CHECK(what.srs->settings.key.reveal() == "first secret");
    CHECK(what.srs->settings.backup.reveal() == "second");
    CHECK(what.srs->settings.ttl == 48h);
    CHECK(what.actions[0].srs);
    CHECK(model_of("srs key s").srs->settings.ttl == 96h);
    CHECK_THAT(fault_of("srs kye x"), Catch::Contains("did you mean \"key\"?"));
    const std::string keyword = fault_of("srs key key");
    CHECK_FALSE(keyword.empty());
    CHECK(print(what).find("secret") == std::string::npos);
    CHECK(print(what).find("second") == std::string::npos);
    CHECK(print(model_of("srs key \"file:/run/secrets/srs\"")).find("\"file:/run/secrets/srs\"") != std::string::npos);
}
