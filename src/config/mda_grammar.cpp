// mda limit KEY N ...              also in braces
// mda wrapper NAME "COMMAND"
// srs key SECRET | key backup SECRET | ttl D
#include <algorithm>

#include "grammar.hpp"
#include "options.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::config {
namespace {

constexpr std::uint64_t most = 10'000;

void refuse_task_limit(cursor& at, mda_limits&, const token& word) {
    at.leave(word, at.show(word) + " has no meaning here",
             "remove it: the queue hands out what \"max-session\" leaves room for");
}

constexpr option<mda_limits> limits[] = {
    {"max-session",
     [](cursor& at, mda_limits& to, const token&) { to.max_sessions = at.take_number("a number", 1, most); }},
    {"max-session-per-user",
     [](cursor& at, mda_limits& to, const token&) { to.max_sessions_per_user = at.take_number("a number", 1, most); }},
    {"task-hiwat", &refuse_task_limit},
    {"task-lowat", &refuse_task_limit},
    {"task-release", &refuse_task_limit},
};

void read_wrapper(grammar& g) {
    const token& given = g.at.peek();
    wrapper_definition made;
    const written name = g.at.take_string("the name of a wrapper");
    made.name = name.text;
    made.where = name.where;
    const auto other =
        std::ranges::find_if(g.what.wrappers, [&](const wrapper_definition& one) { return one.name == made.name; });
    if (other != g.what.wrappers.end()) {
        g.at.leave(given,
                   "there is a wrapper " + g.at.show(given) + " already, at line " + std::to_string(other->where.line),
                   "give this one another name");
    }
    made.command = g.at.take_string("a command");
    g.what.wrappers.push_back(std::move(made));
}

void read_srs_key(grammar& g) {
    srs_definition& to = *g.what.srs;
    const bool is_backup = g.at.skip_word("backup");
    const cursor::hush secrets(g.at);
    const written given = g.at.take_string("a secret");
    (is_backup ? to.backup : to.key) = base::secret(given.text);
    (is_backup ? to.backup_at : to.key_at) = given.where;
}

}  // namespace

void read_mda(grammar& g, const token&) {
    const token word = g.at.take();
    if (word.is_word("limit")) return read_listing<mda_limits>(g.at, g.what.mda, limits, "limit of \"mda\"");
    if (word.is_word("wrapper")) return read_wrapper(g);
    g.at.leave_unknown(word, "setting of \"mda\"", {"limit", "wrapper"});
}

void read_srs(grammar& g, const token&) {
    const token word = g.at.take();
    if (!g.what.srs) g.what.srs.emplace();
    if (word.is_word("key")) return read_srs_key(g);
    if (word.is_word("ttl")) {
        g.what.srs->ttl = g.at.take_delay("a time");
        return;
    }
    g.at.leave_unknown(word, "setting of \"srs\"", {"key", "ttl"});
}

}  // namespace waypost::config
