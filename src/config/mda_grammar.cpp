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

void refuse_task_limit(cursor& cursor, mda_limits&, const token& word) {
    cursor.fail(word, cursor.show(word) + " has no meaning here",
                "remove it: the queue hands out what \"max-session\" leaves room for");
}

constexpr option<mda_limits> limits[] = {
    {"max-session",
     [](cursor& cursor, mda_limits& to, const token&) { to.max_sessions = cursor.take_number("a number", 1, most); }},
    {"max-session-per-user", [](cursor& cursor, mda_limits& to,
                                const token&) { to.max_sessions_per_user = cursor.take_number("a number", 1, most); }},
    {"task-hiwat", &refuse_task_limit},
    {"task-lowat", &refuse_task_limit},
    {"task-release", &refuse_task_limit},
};

void read_wrapper(grammar& g) {
    const token& given = g.cursor.peek();
    wrapper_definition made;
    const located_string name = g.cursor.take_string("the name of a wrapper");
    made.name = name.text;
    made.location = name.location;
    const auto other =
        std::ranges::find_if(g.model.wrappers, [&](const wrapper_definition& one) { return one.name == made.name; });
    if (other != g.model.wrappers.end()) {
        g.cursor.fail(
            given,
            "there is a wrapper " + g.cursor.show(given) + " already, at line " + std::to_string(other->location.line),
            "give this one another name");
    }
    made.command = g.cursor.take_string("a command");
    g.model.wrappers.push_back(std::move(made));
}

void read_srs_key(grammar& g) {
    srs_definition& to = *g.model.srs;
    const bool is_backup = g.cursor.skip_word("backup");
    const cursor::redact secrets(g.cursor);
    const located_string given = g.cursor.take_string("a secret");
    (is_backup ? to.backup : to.key) = base::secret(given.text);
    (is_backup ? to.backup_at : to.key_at) = given.location;
}

}  // namespace

void read_mda(grammar& g, const token&) {
    const token word = g.cursor.take();
    if (word.is_word("limit")) return read_listing<mda_limits>(g.cursor, g.model.mda, limits, "limit of \"mda\"");
    if (word.is_word("wrapper")) return read_wrapper(g);
    g.cursor.fail_unknown(word, "setting of \"mda\"", {"limit", "wrapper"});
}

void read_srs(grammar& g, const token&) {
    const token word = g.cursor.take();
    if (!g.model.srs) g.model.srs.emplace();
    if (word.is_word("key")) return read_srs_key(g);
    if (word.is_word("ttl")) {
        g.model.srs->ttl = g.cursor.take_delay("a time");
        return;
    }
    g.cursor.fail_unknown(word, "setting of \"srs\"", {"key", "ttl"});
}

}  // namespace waypost::config
