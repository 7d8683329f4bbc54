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
async::duration take_pause(cursor& at) {
    constexpr std::uint64_t longest = 86400;
    const std::string& text = at.peek().text;
    if (base::parse_number(text)) return std::chrono::seconds(at.take_number("a number of seconds", 0, longest));
    return at.take_delay("a time");
}

/// The families that a directive names are those that are allowed, both where it names both.
void read_family(relay::limits& to, bool is_first, const token& word) {
    if (is_first) to.inet4 = to.inet6 = false;
    (word.is_word("inet4") ? to.inet4 : to.inet6) = true;
}

void read_limit(grammar& g, relay::limits& to, const token& word) {
    const auto all = mta_limits();
    const auto found = std::ranges::find_if(all, [&](const mta_limit& one) { return word.is_word(one.word); });
    if (found == all.end()) {
        for (const std::string_view other : {"task-lowat", "task-release"}) {
            if (word.is_word(other))
                g.at.leave(word, "\"" + std::string(other) + "\" has no meaning here",
                           "remove it: a window is filled again when half of it is gone");
        }
        std::vector<std::string_view> known{"inet4", "inet6", "task-hiwat"};
        for (const mta_limit& one : all) known.push_back(one.word);
        g.at.leave_unknown(word, "limit of \"mta\"", known);
    }
    std::visit(base::overloaded{
                   [&](std::size_t relay::limits::* field) { to.*field = g.at.take_number("a number", 1, most); },
                   [&](async::duration relay::limits::* field) { to.*field = take_pause(g.at); },
               },
               found->field);
}

void read_limits(grammar& g) {
    relay::limits* to = &g.what.mta.general;
    if (g.at.skip_word("for")) {
        g.at.expect_word("domain", "mta limit for domain example.org max-conn-per-host 5");
        const std::string domain = base::to_lower(take_domain(g.at, "a domain").text);
        to = &g.what.mta.by_domain.try_emplace(domain, g.what.mta.general).first->second;
    }
    bool is_first_family = true;
    read_listing(g.at, "limit of \"mta\"", [&](const token& word) {
        if (word.is_word("inet4") || word.is_word("inet6"))
            return read_family(*to, std::exchange(is_first_family, false), word);
        if (!word.is_word("task-hiwat")) return read_limit(g, *to, word);
        if (to != &g.what.mta.general) g.at.leave(word, "\"task-hiwat\" for one domain is not built yet");
        g.what.task_window = g.at.take_number("a number of envelopes", 1, most);
    });
}

}  // namespace

void read_mta(grammar& g, const token&) {
    const token word = g.at.take();
    if (word.is_word("limit")) return read_limits(g);
    if (word.is_word("max-deferred")) {
        g.what.max_deferred = g.at.take_number("a number of envelopes", 1, most);
        return;
    }
    g.at.leave_unknown(word, "setting of \"mta\"", {"limit", "max-deferred"});
}

}  // namespace waypost::config
