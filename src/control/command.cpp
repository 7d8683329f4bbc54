#include "waypost/control/command.hpp"

#include "waypost/base/overloaded.hpp"

namespace waypost::control {

namespace {

/// Bytes that are no UTF-8 (a peer's words may hold some) are replaced, not refused.
std::string line_of(const json& message) { return message.dump(-1, ' ', false, json::error_handler_t::replace) + '\n'; }

/// What must be an object of our version; null if it is not.
json versioned(std::string_view line) {
    json parsed = json::parse(line, nullptr, false);
    if (!parsed.is_object()) return nullptr;
    const auto found = parsed.find("version");
    if (found == parsed.end() || *found != version) return nullptr;
    return parsed;
}

}  // namespace

std::string to_line(const request& request) {
    return line_of({{"version", version}, {"command", request.command}, {"arguments", request.arguments}});
}

std::string to_line(const answer& answer) {
    return std::visit(base::overloaded{
                          [](const json& result) { return line_of({{"version", version}, {"result", result}}); },
                          [](const refusal& no) { return line_of({{"version", version}, {"error", no.reason}}); },
                      },
                      answer);
}

std::variant<request, refusal> parse_request(std::string_view line) {
    const json parsed = versioned(line);
    if (parsed.is_null()) return refusal{"not a request of version " + std::to_string(version)};
    const auto name = parsed.find("command");
    if (name == parsed.end() || !name->is_string()) return refusal{"a request names its command"};
    const auto arguments = parsed.find("arguments");
    if (arguments != parsed.end() && !arguments->is_object()) return refusal{"arguments are an object"};
    return request{name->get<std::string>(), arguments == parsed.end() ? json::object() : *arguments};
}

answer parse_answer(std::string_view line) {
    const json parsed = versioned(line);
    if (parsed.is_null()) return refusal{"the daemon's answer makes no sense"};
    if (const auto result = parsed.find("result"); result != parsed.end()) return *result;
    const auto error = parsed.find("error");
    if (error != parsed.end() && error->is_string()) return refusal{error->get<std::string>()};
    return refusal{"the daemon's answer makes no sense"};
}

}  // namespace waypost::control
