#include <sysexits.h>

#include <iostream>

#include "commands.hpp"
#include "one_question.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/table/ask.hpp"

namespace waypost::cli {

namespace {

constexpr int found = 0;
constexpr int not_found = 1;
constexpr int could_not_ask = 2;

struct wish {
    table::table* rows = nullptr;
    table::service about{};
    std::optional<std::string> key;  // none: fetch
};

/// `TABLE SERVICE KEY` or, unless there is a table of that name, `fetch TABLE SERVICE`.
std::optional<wish> wish_of(const config::loaded& settings, const std::vector<std::string>& words) {
    const bool fetches = words[0] == "fetch" && table::table_named(settings.tables, "fetch") == nullptr;
    const std::string& name = words[fetches ? 1 : 0];
    const std::string& about = words[fetches ? 2 : 1];
    wish made;
    made.rows = table::table_named(settings.tables, name);
    if (made.rows == nullptr) {
        std::cerr << "waypost lookup: there is no table \"" << base::printable(name) << "\"\n";
        return std::nullopt;
    }
    const auto kind = table::service_named(about);
    if (!kind) {
        std::cerr << "waypost lookup: \"" << base::printable(about) << "\" is no service; there are";
        for (const table::service each : table::all_services) std::cerr << ' ' << table::name_of(each);
        std::cerr << '\n';
        return std::nullopt;
    }
    made.about = *kind;
    if (!fetches) made.key = words[2];
    return made;
}

async::awaitable<int> answer(wish what, char tag_delimiter) {
    const auto row = what.key ? co_await table::ask(*what.rows, what.about, *what.key, tag_delimiter)
                              : co_await what.rows->fetch(what.about);
    if (row.has_error()) {
        std::cerr << "waypost lookup: " << row.error().message() << '\n';
        co_return could_not_ask;
    }
    if (!row->has_value()) co_return not_found;
    std::cout << **row << '\n';
    co_return found;
}

}  // namespace

int lookup(const configuration& from, const std::vector<std::string>& words) {
    one_question here;
    const auto settings = load_or_complain(from, here.io, false);
    if (!settings) return EX_CONFIG;
    const auto what = wish_of(*settings, words);
    if (!what) return EX_USAGE;
    return here.exit_code_of(answer(*what, settings->rules->tag_delimiter()));
}

}  // namespace waypost::cli
