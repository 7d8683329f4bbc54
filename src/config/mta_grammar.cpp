// mta limit [for domain D] KEY N ...      also in braces
// mta max-deferred N
#include <algorithm>
#include <utility>

#include "grammar.hpp"
#include "mta_limits.hpp"
#include "options.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/base/overloaded.hpp"

namespace waypost::config {
namespace {

constexpr std::uint64_t most = 1'000'000;

/// A number of seconds, as OpenSMTPD has it, or a time with its unit.
async::duration take_pause(cursor& cursor) {
    constexpr std::uint64_t longest = 86400;
    const std::string& text = cursor.peek().text;
    if (base::parse_number(text)) return std::chrono::seconds(cursor.take_number("a number of seconds", 0, longest));
    return cursor.take_delay("a time");
}

/// The families that a directive names are those that are allowed, both where it names both.
void read_family(relay::limits& limits, bool is_first, const token& word) {
    if (is_first) limits.inet4 = limits.inet6 = false;
    (word.is_word("inet4") ? limits.inet4 : limits.inet6) = true;
}

void read_limit(grammar& g, relay::limits& limits, const token& word) {
    const auto all = mta_limits();
    const auto found = std::ranges::find_if(all, [&](const mta_limit& one) { return word.is_word(one.word); });
    if (found == all.end()) {
        for (const std::string_view other : {"task-lowat", "task-release"}) {
            if (word.is_word(other))
                g.cursor.fail(word, "\"" + std::string(other) + "\" has no meaning here",
                              "remove it: a window is filled again when half of it is gone");
        }
        std::vector<std::string_view> known{"inet4", "inet6", "task-hiwat"};
        for (const mta_limit& one : all) known.push_back(one.word);
        g.cursor.fail_unknown(word, "limit of \"mta\"", known);
    }
    std::visit(
        base::overloaded{
            [&](std::size_t relay::limits::* field) { limits.*field = g.cursor.take_number("a number", 1, most); },
            [&](async::duration relay::limits::* field) { limits.*field = take_pause(g.cursor); },
        },
        found->field);
}

void read_limits(grammar& g) {
    relay::limits* to = &g.model.mta.general;
    if (g.cursor.skip_word("for")) {
        g.cursor.expect_word("domain", "mta limit for domain example.org max-conn-per-host 5");
        const std::string domain = base::to_lower(take_domain(g.cursor, "a domain").text);
        to = &g.model.mta.by_domain.try_emplace(domain, g.model.mta.general).first->second;
    }
    bool is_first_family = true;
    read_listing(g.cursor, "limit of \"mta\"", [&](const token& word) {
        if (word.is_word("inet4") || word.is_word("inet6"))
            return read_family(*to, std::exchange(is_first_family, false), word);
        if (!word.is_word("task-hiwat")) return read_limit(g, *to, word);
        if (to != &g.model.mta.general) g.cursor.fail(word, "\"task-hiwat\" for one domain is not built yet");
        g.model.task_window = g.cursor.take_number("a number of envelopes", 1, most);
    });
}

}  // namespace

void read_mta(grammar& g, const token&) {
    const token word = g.cursor.take();
    if (word.is_word("limit")) return read_limits(g);
    if (word.is_word("max-deferred")) {
        g.model.max_deferred = g.cursor.take_number("a number of envelopes", 1, most);
        return;
    }
    g.cursor.fail_unknown(word, "setting of \"mta\"", {"limit", "max-deferred"});
}

}  // namespace waypost::config
