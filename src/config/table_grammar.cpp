// Tables: where they are defined, and where they are used.
//
//     table NAME [BACKEND:]/path         NAME { a, b }         NAME { k = v, ... }
//     table NAME proc:/program [user USER]
#include <algorithm>
#include <array>

#include "grammar.hpp"
#include "nearest.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::config {
namespace {

/// What stands behind a backend's name and colon.
enum class argument { path, command, nothing };
struct known_backend {
    std::string_view name;
    argument takes;
    bool is_program = false;
};
constexpr auto known_backends = std::to_array<known_backend>({
    {"file", argument::path},
    {"static", argument::path},  // the same, as OpenSMTPD calls it
    {"sqlite", argument::path},
    {"passwd", argument::path},
    {"getpwnam", argument::nothing},
    {"proc", argument::command, true},
    {"proc-exec", argument::command, true},
    // Programs of OpenSMTPD's, table-NAME; the path is their configuration.
    {"ldap", argument::path, true},
    {"mysql", argument::path, true},
    {"postgres", argument::path, true},
    {"python", argument::path, true},
    {"redis", argument::path, true},
    {"socketmap", argument::path, true},
    {"stub", argument::path, true},
});

/// `key` or `key = value`.
bool take_row(cursor& at, table_rows& into) {
    const written key = at.take_string("a string");
    if (!at.skip_mark('=')) {
        into.rows.push_back({key.text, {}, key.where});
        return false;
    }
    const cursor::hush values_may_be_secret(at);
    written value = at.take_string("a value");
    into.rows.push_back({key.text, std::move(value.text), key.where});
    return true;
}

/// Behind the opening brace, up to the closing one. Rows are separated by commas, ends of lines or both.
table_rows take_rows(cursor& at, const token& brace) {
    table_rows rows;
    at.skip_newlines();
    if (at.peek().is_mark('}')) at.leave(at.peek(), "an empty list", "write at least one string in it");
    while (!at.skip_mark('}')) {
        if (at.at_end()) at.leave(brace, "the \"{\" that begins here has no end", "close it with }");
        const token& first = at.peek();
        const bool is_map = take_row(at, rows);
        if (rows.rows.size() == 1) {
            rows.is_map = is_map;
        } else if (rows.is_map != is_map) {
            at.leave(first, "rows with and without a value in one list",
                     "write key = value in all of them, or in none");
        }
        const cursor::hush may_be_the_rest_of_a_secret(at);
        const bool separated = at.peek().is_mark(',') || at.peek().is == token::kind::newline;
        at.skip_newlines();
        if (at.skip_mark(',')) at.skip_newlines();
        if (!separated && !at.peek().is_mark('}') && !at.at_end()) {
            at.leave_unexpected(at.peek(), "\",\" or \"}\"", "put a string with blanks or one of (){}<>!=#, in quotes");
        }
    }
    return rows;
}

const known_backend& backend_named(cursor& at, const token& word, std::string_view name) {
    const auto one = std::ranges::find(known_backends, name, &known_backend::name);
    if (one != known_backends.end()) return *one;
    if (name == "db")
        at.leave(word, "the table backend \"db\" is not built yet", "write file: and the text file it is made of");
    std::vector<std::string_view> names;
    for (const known_backend& each : known_backends) names.push_back(each.name);
    std::string instead = did_you_mean(name, names);
    if (instead.empty()) instead = "use file:/path, sqlite:/path or proc:/program";
    at.leave(word, "unknown table backend \"" + base::printable(name, 64) + "\"", std::move(instead));
}

/// `[BACKEND:]/path`, `proc:/program arguments` or `getpwnam`.
void take_origin(cursor& at, table_definition& into) {
    const token& word = at.peek();
    const written source = at.take_string("a table's path or its rows");
    std::string_view rest = source.text;
    into.backend = "file";
    argument takes = argument::path;
    bool is_program = false;
    const std::size_t colon = rest.find(':');
    if (rest == "getpwnam" || (colon != std::string_view::npos && rest.find('/') > colon)) {
        const known_backend& one = backend_named(at, word, rest.substr(0, colon));
        rest.remove_prefix(std::min(one.name.size() + 1, rest.size()));
        takes = one.takes;
        is_program = one.is_program;
        if (one.name != "static") into.backend = one.name == "proc-exec" ? "proc" : one.name;
    }
    if (takes == argument::nothing && !rest.empty()) {
        at.leave(word, "the table backend \"" + into.backend + "\" takes nothing behind it", "write " + into.backend);
    }
    if (takes != argument::nothing && !rest.starts_with('/')) {
        const std::string what = takes == argument::command ? "the program" : "the path";
        at.leave(word, what + " of a table must be absolute, and " + at.show(word) + " is not",
                 takes == argument::command ? "write proc:/path/to/program" : "write " + into.backend + ":/path");
    }
    into.argument = rest;
    const token& behind = at.peek();
    if (!at.skip_word("user")) return;
    if (!is_program) at.leave(behind, "\"user\" for a table that is no program", "remove it");
    into.user = at.take_string("the name of a user");
}

}  // namespace

void read_table(grammar& g, const token& word) {
    table_definition made;
    made.where = word.at.where();
    written name = g.at.take_string("the name of a table");
    made.name = std::move(name.text);
    const auto other = std::find_if(g.what.tables.begin(), g.what.tables.end(),
                                    [&](const table_definition& t) { return t.name == made.name; });
    if (other != g.what.tables.end()) {
        g.at.fault(name.where,
                   "there is a table \"" + base::printable(made.name, 64) + "\" already, at line " +
                       std::to_string(other->where.line),
                   "give this one another name");
    }
    const token brace = g.at.peek();
    if (g.at.skip_mark('{')) {
        made.rows = take_rows(g.at, brace);
    } else {
        take_origin(g.at, made);
    }
    g.what.tables.push_back(std::move(made));
}

bool table_use_is_next(const cursor& at) {
    return at.peek().is_mark('<') || at.peek().is_mark('{') || at.string_is_next();
}

table_use take_table_use(cursor& at, std::string_view what) {
    const token first = at.peek();
    table_use use;
    use.where = first.at.where();
    if (at.skip_mark('<')) {
        use.name = at.take_string("the name of a table").text;
        at.expect_mark('>', "\">\" behind the name of a table");
    } else if (at.skip_mark('{')) {
        use.rows = take_rows(at, first);
    } else {
        const written only = at.take_string(what);
        use.rows.rows.push_back({only.text, {}, only.where});
    }
    return use;
}

}  // namespace waypost::config
