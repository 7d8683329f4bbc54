#include "table_protocol.hpp"

#include <array>
#include <cstdio>

#include "waypost/base/ascii.hpp"

namespace waypost::table::protocol {

namespace {

// Addresses have 320 bytes at most; a program may have less room for a line than we have for a key.
constexpr std::size_t longest_key = 2048;

/// What stands before the next bar, which is passed; all that is left if there is none.
std::string_view take_field(std::string_view& text) {
    const std::size_t bar = text.find('|');
    const std::string_view field = text.substr(0, bar);
    text.remove_prefix(bar == std::string_view::npos ? text.size() : bar + 1);
    return field;
}

std::string seconds_of(async::wall_time now) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%lld.%06lld", static_cast<long long>(since / 1'000'000),
                  static_cast<long long>(since % 1'000'000));
    return text.data();
}

bool breaks_a_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

}  // namespace

std::string greeting(std::string_view table) {
    std::string lines =
        "config|smtpd-version|7.8.0-waypost-" WAYPOST_VERSION "\nconfig|protocol|0.1\nconfig|tablename|";
    return lines.append(table).append("\nconfig|ready\n");
}

std::optional<std::string> line_of(std::string_view table, async::wall_time now, const question& question) {
    // A line end in a key would be a question of the peer's own. A bar is none: the key is the last field.
    if (breaks_a_line(question.key) || question.key.size() > longest_key) return std::nullopt;
    std::string line = "table|0.1|" + seconds_of(now) + "|";
    line.append(table).append("|").append(question.verb);
    if (question.service) line.append("|").append(name_of(*question.service));
    line.append("|").append(question.id);
    if (question.verb == "check" || question.verb == "lookup") line.append("|").append(question.key);
    return line + "\n";
}

std::string_view verb_for(service kind) noexcept {
    switch (kind) {
        case service::domain:
        case service::netaddr:
        case service::source:
        case service::mailaddr:
        case service::string:
        case service::regex: return "check";
        default: return "lookup";
    }
}

event parse(std::string_view line) {
    if (breaks_a_line(line)) return nonsense{};
    const std::string_view verb = take_field(line);
    if (verb == "register") {
        if (line == "ready") return ready{};
        return registered{service_named(line)};
    }
    const bool is_update = verb == "update-result";
    if (!is_update && verb != "check-result" && verb != "lookup-result" && verb != "fetch-result") return nonsense{};
    answer made{std::string(take_field(line)), errc::unavailable, {}};
    const std::string_view kind = take_field(line);
    if (made.id.empty()) return nonsense{};
    if (kind == "error") {
        made.complaint = line;
    } else if (is_update ? kind == "ok" : kind == "found") {
        made.row = std::optional(std::string(line));
    } else if (!is_update && kind == "not-found") {
        made.row = std::optional<std::string>();
    } else {
        return nonsense{};
    }
    return made;
}

}  // namespace waypost::table::protocol
