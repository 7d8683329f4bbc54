#include "waypost/rules/expansion_trace.hpp"

#include <catch2/catch.hpp>

#include "house.hpp"

using namespace waypost;
using house = test::rules_house;
using expansion = rules::action::expansion;
using lines = std::vector<std::string>;

namespace {

lines tree(house& at, const std::string& recipient) {
    rules::expansion_trace trace;
    static_cast<void>(at.resolve(recipient, &trace));
    lines found;
    for (const auto& one : trace.steps()) found.push_back(std::string(one.depth, '.') + one.text + ": " + one.became);
    return found;
}

}  // namespace

TEST_CASE("each step is followed by those that came out of it", "[rules][expansion_trace]") {
    rules::expansion_trace trace;
    CHECK(trace.steps().empty());
    const auto root = trace.add(rules::expansion_trace::root, "root");
    const auto first = trace.add(root, "first");
    trace.add(root, "second");
    trace.add(first, "below the first");
    trace.became(root, "this");
    trace.became(root, "that");
    lines found;
    for (const auto& one : trace.steps())
        found.push_back(std::to_string(one.depth) + " " + one.text + " " + one.became);
    CHECK(found == lines{"0 root this, that", "1 first ", "2 below the first ", "1 second "});
}

TEST_CASE("an expansion tells what became of every node", "[rules][expansion_trace]") {
    house at(
        expansion::alias,
        {{"staff", "alice, robert, carol@elsewhere.net, nobody, alice, |cmd, :include:/etc/list"}, {"robert", "bob"}});
    at.files.forwards["/home/alice"] = "\\alice, |/usr/bin/vacation, bob, /home/alice/copy";
    at.files.lists["/etc/list"] = "x@refused.org\nbob+tag";
    CHECK(tree(at, "staff@example.org") ==
          lines{"staff@example.org: action \"local\" (conf:2), alias", ".alice: ~/.forward",
                "..\\alice: the mailbox of alice", "..|/usr/bin/vacation: a command, as alice",
                "..bob: the mailbox of bob", "../home/alice/copy: a file, as alice", ".robert: alias",
                "..bob: the mailbox of bob, a copy goes there already",
                ".carol@elsewhere.net: action \"out\" (conf:99), relayed", ".nobody: 550 5.1.1 No such user here",
                ".alice: already followed", ".|cmd: a command", ".:include:/etc/list: list",
                "..x@refused.org: 550 5.7.1 Rejected by policy",
                "..bob+tag: the mailbox of bob+tag, a copy goes there already"});
}

TEST_CASE("what fails the whole is told, and what was not followed says nothing", "[rules][expansion_trace]") {
    house at(expansion::alias, {{"list", "alice, bob, |cmd"}});
    at.files.broken = {"/home/alice"};
    CHECK(tree(at, "list@example.org") ==
          lines{"list@example.org: action \"local\" (conf:2), alias",
                ".alice: 451 4.3.0 Temporary failure, try again later (Permission denied)",
                ".bob: ", ".|cmd: a command"});
    CHECK(tree(at, "x@nowhere.net") == lines{"x@nowhere.net: 550 5.7.1 Relaying denied"});
}
