#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "commands.hpp"
#include "one_question.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/control/client.hpp"
#include "waypost/table/ask.hpp"

namespace waypost::cli {

namespace {

constexpr int found = 0;
constexpr int not_found = 1;
constexpr int could_not_ask = 2;

struct wish {
    std::string table;
    table::service service{};
    std::optional<std::string> key;  // none: fetch
};

std::optional<table::service> service_of(const std::string& name) {
    const auto kind = table::service_named(name);
    if (kind) return kind;
    std::cerr << "waypost lookup: \"" << base::printable(name) << "\" is no service; there are";
    for (const table::service each : table::all_services) std::cerr << ' ' << table::name_of(each);
    std::cerr << '\n';
    return std::nullopt;
}

/// `TABLE SERVICE KEY` or, unless there is a table of that name, `fetch TABLE SERVICE`.
std::optional<wish> wish_of(const config::model& from, const std::vector<std::string>& words) {
    const bool fetches = words[0] == "fetch" &&
                         std::ranges::find(from.tables, "fetch", &config::table_definition::name) == from.tables.end();
    const auto kind = service_of(words[fetches ? 2 : 1]);
    if (!kind) return std::nullopt;
    wish made{.table = words[fetches ? 1 : 0], .service = *kind, .key = std::nullopt};
    if (!fetches) made.key = words[2];
    return made;
}

int no_table(const std::string& name) {
    std::cerr << "waypost lookup: there is no table \"" << base::printable(name) << "\"\n";
    return EX_USAGE;
}

int cannot_ask(std::string_view reason) {
    std::cerr << "waypost lookup: " << reason << '\n';
    return could_not_ask;
}

/// From the daemon, which may know rows that its files do not have at the moment; nothing where none runs.
std::optional<int> ask_running_daemon(const config::model& from, const wish& wish) {
    const std::string socket = from.queue_path.text + "/" + control::socket_name;
    constexpr std::size_t longest_socket_path = 107;
    if (socket.size() > longest_socket_path || ::access(socket.c_str(), W_OK) != 0) return std::nullopt;
    control::request question{"lookup", {{"table", wish.table}, {"service", table::name_of(wish.service)}}};
    if (wish.key) question.arguments["key"] = base::base64_encode(*wish.key);
    const auto said = control::ask(socket, question);
    if (!said) return std::nullopt;
    if (const auto* no = std::get_if<control::refusal>(&*said)) return cannot_ask(no->reason);
    const auto& answer = std::get<control::json>(*said);
    if (answer.contains("unknown")) return no_table(wish.table);
    if (answer.at("row").is_null()) return not_found;
    std::cout << base::base64_decode(answer.at("row").get<std::string>()).value_or("") << '\n';
    return found;
}

async::awaitable<int> answer(const config::generation& settings, wish wish) {
    table::table* const rows = table::table_named(settings.tables, wish.table);
    if (rows == nullptr) co_return no_table(wish.table);
    const bool by_key = wish.key.has_value();
    const auto row = by_key ? co_await table::ask(*rows, wish.service, *wish.key, settings.rules->tag_delimiter())
                            : co_await rows->fetch(wish.service);
    if (row.has_error()) co_return cannot_ask(row.error().message());
    if (!row->has_value()) co_return not_found;
    std::cout << config::shown_row(settings, *rows, wish.service, by_key, **row) << '\n';
    co_return found;
}

}  // namespace

int lookup(const configuration& from, const std::vector<std::string>& words) {
    // What is wrong with it shows where it is loaded; a daemon that runs has had its own checked.
    const config::parsed parsed = config::parse_file(from.path(), from.macros());
    const auto what = wish_of(parsed.model, words);
    if (!what) return EX_USAGE;
    if (const auto told = ask_running_daemon(parsed.model, *what)) return *told;
    one_question here;
    const auto settings = load_or_complain(from, here.io, false);
    if (!settings) return EX_CONFIG;
    return here.exit_code_of(answer(*settings, *what));
}

}  // namespace waypost::cli
