// Whatever administrators and users write: an expansion ends, asks no more than it may, and sends no copy twice.
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "house.hpp"

using namespace waypost;
using house = test::rules_house;
using expansion = rules::action::expansion;

namespace {

using random_source = std::mt19937;

std::string pick(random_source& random, const std::vector<std::string>& names) {
    return names[random() % names.size()];
}

std::string any_node(random_source& random) {
    static const std::vector<std::string> users = {"alice", "bob", "root", "nobody",  "a0",   "a1",
                                                   "a2",    "a3",  "a4",   "alice+x", "a1+y", "\\bob"};
    static const std::vector<std::string> hosts = {"example.org", "example.org", "example.org", "lists.org",
                                                   "away.org",    "forward.org", "refused.org", "elsewhere.net"};
    static const std::vector<std::string> others = {
        "|cmd",          "/var/mail/x",   ":include:/list0", ":include:/list1",
        "error:550 bad", "\"|cmd a, b\"", "alice,,bob",      ""};
    switch (random() % 8) {
        case 0:
        case 1: return pick(random, others);
        case 2:
        case 3: return pick(random, users) + "@" + pick(random, hosts);
        default: return pick(random, users);
    }
}

std::string any_row(random_source& random, const char* separator) {
    std::string row;
    for (std::size_t i = random() % 6; i > 0; --i) row += any_node(random) + separator;
    return row + any_node(random);
}

std::map<std::string, std::string> any_rows(random_source& random) {
    std::map<std::string, std::string> rows;
    for (int i = 0; i < 5; ++i) {
        const std::string name = "a" + std::to_string(i);
        rows[random() % 4 == 0 ? name + "@example.org" : name] = any_row(random, ", ");
    }
    if (random() % 3 == 0) rows["alice"] = any_row(random, ",");
    if (random() % 8 == 0) rows["@example.org"] = any_row(random, ",");
    return rows;
}

void fill(house& at, random_source& random) {
    for (const char* home : {"/home/alice", "/home/bob", "/root"}) {
        if (random() % 2 == 0) at.files.forwards[home] = any_row(random, "\n");
    }
    for (const char* path : {"/list0", "/list1"}) {
        if (random() % 8 != 0) at.files.lists[path] = any_row(random, "\n");
    }
}

/// Whether a copy goes from here.
bool is_end(const rules::expansion_trace::step& one) {
    const auto says = [&one](std::string_view text) { return one.became.find(text) != std::string::npos; };
    return (says("relayed") || says("the mailbox of") || says("a command") || says("a file")) && !says("already");
}

}  // namespace

TEST_CASE("any expansion ends, is bounded, and gives each destination once", "[rules][expansion]") {
    const auto seed = GENERATE(range(0U, 3000U));
    random_source random(seed);
    CAPTURE(seed);
    const auto how = random() % 3 == 0 ? expansion::virtual_users : expansion::alias;
    house at(how, any_rows(random));
    fill(at, random);
    for (const std::string to :
         {"a0@example.org", "alice@example.org", "a1+z@example.org", "a2@lists.org", "bob@away.org"}) {
        CAPTURE(to);
        rules::expansion_trace trace;
        const auto given = at.resolve(to, &trace);
        const auto steps = trace.steps();
        REQUIRE(steps.size() <= 1001);
        REQUIRE(std::ranges::all_of(steps, [](const auto& one) { return one.depth <= 10; }));
        CHECK(at.resolve(to).index() == given.index());  // to be watched changes nothing

        const auto* found = std::get_if<std::vector<rules::resolved_recipient>>(&given);
        if (found == nullptr) {
            CHECK_FALSE(std::get<mail::status>(given).is_success());
            continue;
        }
        CHECK(std::ranges::none_of(steps, [](const auto& one) { return one.became.empty(); }));
        REQUIRE_FALSE(found->empty());
        CHECK(std::ranges::count_if(steps, is_end) == static_cast<std::ptrdiff_t>(found->size()));
        std::set<std::string> places;
        for (const rules::resolved_recipient& one : *found) {
            const bool is_relay = one.action->is_relay();
            CHECK(places
                      .insert(one.action->name + "\n" + one.user + "\n" + one.target + "\n" +
                              (is_relay ? one.recipient.text() : ""))
                      .second);
            CHECK(one.because->outcome == one.action);
            CHECK(one.action != at.forward_only);
            if (one.action == at.expand_only) CHECK_FALSE(one.target.empty());
            if (is_relay) CHECK((one.user.empty() && one.target.empty() && one.extension.empty()));
            if (one.action == at.local) CHECK((!one.user.empty() || !one.target.empty()));
            if (!one.user.empty()) CHECK(at.users.rows.contains(one.user));
            if (one.user == "root") CHECK(one.target.empty());
        }
    }
}
