// Tables: where they are defined, and where they are used.
//
//     table NAME [file:|static:]/path         NAME { a, b }         NAME { k = v, ... }
#include <algorithm>
#include <array>

#include "grammar.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::config {
namespace {

// OpenSMTPD's own and those of its extras.
constexpr auto backends_not_built =
    std::to_array<std::string_view>({"db", "getpwnam", "ldap", "mysql", "passwd", "postgres", "proc", "python", "redis",
                                     "socketmap", "sqlite", "stub"});

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

std::string take_path(cursor& at) {
    const token& word = at.peek();
    const written source = at.take_string("a table's path or its rows");
    std::string_view path = source.text;
    const std::size_t colon = path.find(':');
    if (colon != std::string_view::npos && path.find('/') > colon) {
        const std::string_view backend = path.substr(0, colon);
        path.remove_prefix(colon + 1);
        if (backend != "file" && backend != "static") {
            if (std::find(backends_not_built.begin(), backends_not_built.end(), backend) != backends_not_built.end()) {
                at.leave(word, "the table backend \"" + std::string(backend) + "\" is not built yet",
                         "write the rows to a text file and use file:/path");
            }
            at.leave(word, "unknown table backend \"" + base::printable(backend, 64) + "\"", "use file:/path");
        }
    }
    if (!path.starts_with('/')) {
        at.leave(word, "the path of a table must be absolute, and " + at.show(word) + " is not", "write file:/path");
    }
    return std::string(path);
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
        made.file = take_path(g.at);
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
