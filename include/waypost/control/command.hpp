// The daemon's commands as the control socket knows them: a name, arguments and an answer, all JSON.
//
// On the wire a request and its answer are a line each (JSON as of RFC 8259, in UTF-8):
//     {"version": 1, "command": "resume route", "arguments": {"id": 7}}
//     {"version": 1, "result": ...}    or    {"version": 1, "error": "there is no route 7"}
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "waypost/async/awaitable.hpp"

namespace waypost::control {

using json = nlohmann::json;

inline constexpr int version = 1;
/// The socket in the state directory.
inline constexpr const char* socket_name = "control.sock";
/// A longer line is no request; an answer may be longer.
inline constexpr std::size_t longest_request = 64 * 1024;

/// Why a command was not done, in a sentence for people.
struct refusal {
    std::string reason;
};
using answer = std::variant<json, refusal>;
/// May throw json exceptions for arguments of a wrong kind: they become a refusal.
using command = std::function<async::awaitable<answer>(json arguments)>;
using commands = std::map<std::string, command, std::less<>>;

struct request {
    std::string command;
    json arguments;
};
[[nodiscard]] std::string to_line(const request& request);
[[nodiscard]] std::string to_line(const answer& answer);
[[nodiscard]] std::variant<request, refusal> parse_request(std::string_view line);
[[nodiscard]] answer parse_answer(std::string_view line);

}  // namespace waypost::control
