// Tables: where they are defined, and where they are used.
//
//     table NAME [BACKEND:]/path         NAME { a, b }         NAME { k = v, ... }
//     table NAME proc:/program [user USER]
#include <algorithm>
#include <array>

#include "grammar.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/config/syntax/words.hpp"

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
bool take_row(cursor& cursor, table_rows& rows) {
    const located_string key = cursor.take_string("a string");
    if (!cursor.skip_mark('=')) {
        rows.rows.push_back({key.text, {}, key.location});
        return false;
    }
    const cursor::redact values_may_be_secret(cursor);
    located_string value = cursor.take_string("a value");
    rows.rows.push_back({key.text, std::move(value.text), key.location});
    return true;
}

/// Behind the opening brace, up to the closing one. Rows are separated by commas, ends of lines or both.
table_rows take_rows(cursor& cursor, const token& brace) {
    table_rows rows;
    cursor.skip_newlines();
    if (cursor.peek().is_mark('}')) cursor.fail(cursor.peek(), "an empty list", "write at least one string in it");
    while (!cursor.skip_mark('}')) {
        if (cursor.at_end()) cursor.fail(brace, "the \"{\" that begins here has no end", "close it with }");
        const token& first = cursor.peek();
        const bool is_map = take_row(cursor, rows);
        if (rows.rows.size() == 1) {
            rows.is_map = is_map;
        } else if (rows.is_map != is_map) {
            cursor.fail(first, "rows with and without a value in one list",
                        "write key = value in all of them, or in none");
        }
        const cursor::redact may_be_the_rest_of_a_secret(cursor);
        const bool separated = cursor.peek().is_mark(',') || cursor.peek().is == token::kind::newline;
        cursor.skip_newlines();
        if (cursor.skip_mark(',')) cursor.skip_newlines();
        if (!separated && !cursor.peek().is_mark('}') && !cursor.at_end()) {
            cursor.fail_unexpected(cursor.peek(), "\",\" or \"}\"",
                                   "put a string with blanks or one of (){}<>!=#, in quotes");
        }
    }
    return rows;
}

const known_backend& backend_named(cursor& cursor, const token& word, std::string_view name) {
    const auto one = std::ranges::find(known_backends, name, &known_backend::name);
    if (one != known_backends.end()) return *one;
    if (name == "db")
        cursor.fail(word, "the table backend \"db\" is not built yet", "write file: and the text file it is made of");
    std::vector<std::string_view> names;
    for (const known_backend& each : known_backends) names.push_back(each.name);
    std::string hint = did_you_mean(name, names);
    if (hint.empty()) hint = "use file:/path, sqlite:/path or proc:/program";
    cursor.fail(word, "unknown table backend \"" + base::printable(name, 64) + "\"", std::move(hint));
}

/// `[BACKEND:]/path`, `proc:/program arguments` or `getpwnam`.
void take_origin(cursor& cursor, table_definition& definition) {
    const token& word = cursor.peek();
    const located_string source = cursor.take_string("a table's path or its rows");
    std::string_view rest = source.text;
    definition.backend = "file";
    argument takes = argument::path;
    const std::size_t colon = rest.find(':');
    if (rest == "getpwnam" || (colon != std::string_view::npos && rest.find('/') > colon)) {
        const known_backend& one = backend_named(cursor, word, rest.substr(0, colon));
        rest.remove_prefix(std::min(one.name.size() + 1, rest.size()));
        takes = one.takes;
        definition.is_program = one.is_program;
        if (one.name != "static") definition.backend = one.name == "proc-exec" ? "proc" : one.name;
    }
    if (takes == argument::nothing && !rest.empty()) {
        cursor.fail(word, "the table backend \"" + definition.backend + "\" takes nothing behind it",
                    "write " + definition.backend);
    }
    if (takes != argument::nothing && !rest.starts_with('/')) {
        const std::string what = takes == argument::command ? "the program" : "the path";
        cursor.fail(
            word, what + " of a table must be absolute, and " + cursor.show(word) + " is not",
            takes == argument::command ? "write proc:/path/to/program" : "write " + definition.backend + ":/path");
    }
    definition.argument = rest;
    const token& behind = cursor.peek();
    if (!cursor.skip_word("user")) return;
    if (!definition.is_program) cursor.fail(behind, "\"user\" for a table that is no program", "remove it");
    definition.user = cursor.take_string("the name of a user");
}

}  // namespace

void read_table(grammar& g, const token& word) {
    table_definition made;
    made.location = word.position.where();
    made.name = take_new_name(g.cursor, g.model.tables, "a table").text;
    const token brace = g.cursor.peek();
    if (g.cursor.skip_mark('{')) {
        made.rows = take_rows(g.cursor, brace);
    } else {
        take_origin(g.cursor, made);
    }
    g.model.tables.push_back(std::move(made));
}

bool table_use_is_next(const cursor& cursor) {
    return cursor.peek().is_mark('<') || cursor.peek().is_mark('{') || cursor.string_is_next();
}

table_use take_table_use(cursor& cursor, std::string_view subject) {
    const token first = cursor.peek();
    table_use use;
    use.location = first.position.where();
    if (cursor.skip_mark('<')) {
        use.name = cursor.take_string("the name of a table").text;
        cursor.expect_mark('>', "\">\" behind the name of a table");
    } else if (cursor.skip_mark('{')) {
        use.rows = take_rows(cursor, first);
    } else {
        const located_string only = cursor.take_string(subject);
        use.rows.rows.push_back({only.text, {}, only.location});
    }
    return use;
}

}  // namespace waypost::config
