// waypost show routes|relays|hosts: what the relay room is doing now.
#include <algorithm>
#include <iomanip>
#include <iostream>

#include "ask_daemon.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::cli {

namespace {

using control::json;

struct column {
    const char* title;
    const char* field;
};

constexpr column route_columns[] = {{"ID", "id"},
                                    {"SOURCE", "source"},
                                    {"HOST", "host"},
                                    {"OPEN", "open"},
                                    {"OPENING", "connecting"},
                                    {"CONNECTIONS", "connections"},
                                    {"MESSAGES", "messages"},
                                    {"ERRORS", "errors"},
                                    {"NEXT TRY", "next_try"},
                                    {"FOR", "relay"},
                                    {"LAST ERROR", "last_error"}};
constexpr column relay_columns[] = {
    {"ACTION", "action"},     {"DOMAIN", "domain"},        {"WAITING", "waiting"}, {"OPEN", "open"},
    {"IDLE", "idle"},         {"OPENING", "connecting"},   {"CARRIED", "carried"}, {"DEFERRED", "deferred"},
    {"NEXT TRY", "next_try"}, {"LAST ERROR", "last_error"}};
constexpr column host_columns[] = {{"HOST", "host"}, {"OPEN", "open"}, {"OPENING", "connecting"}, {"WINDOW", "window"}};

std::string text_of(const json& value) {
    if (value.is_null()) return "-";
    if (value.is_number_float()) {
        std::ostringstream seconds;
        seconds << std::fixed << std::setprecision(1) << value.get<double>() << 's';
        return seconds.str();
    }
    if (!value.is_string()) return value.dump();
    // Words of a peer may be among them.
    const std::string text = base::printable(value.get<std::string>(), 200);
    return text.empty() ? "-" : text;
}

void print_table(const json& rows, std::span<const column> columns) {
    std::vector<std::size_t> widths;
    for (const column& each : columns) {
        std::size_t width = std::string_view(each.title).size();
        for (const json& row : rows) width = std::max(width, text_of(row.value(each.field, json())).size());
        widths.push_back(width);
    }
    const auto print_line = [&](auto&& cell) {
        std::string line;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            std::string text = cell(columns[i]);
            text.resize(std::max(text.size(), widths[i]), ' ');
            line += (i == 0 ? "" : "  ") + text;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        std::cout << line << '\n';
    };
    print_line([](const column& each) { return std::string(each.title); });
    for (const json& row : rows) print_line([&](const column& each) { return text_of(row.value(each.field, json())); });
}

std::span<const column> columns_of(const std::string& kind) {
    if (kind == "routes") return route_columns;
    if (kind == "relays") return relay_columns;
    return host_columns;
}

}  // namespace

int show(const configuration& where, const std::string& kind, bool as_json) {
    int exit_code = 0;
    const auto rows = ask_daemon(where, {"show " + kind, json::object()}, exit_code);
    if (!rows) return exit_code;
    if (as_json) {
        std::cout << rows->dump(2, ' ', false, json::error_handler_t::replace) << '\n';
    } else {
        print_table(*rows, columns_of(kind));
    }
    return exit_code;
}

}  // namespace waypost::cli
