#include "waypost/table/secret_reference.hpp"

#include <algorithm>
#include <optional>

#include "table_file.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::table {

namespace {

constexpr std::size_t largest_secret = 16U << 10;
constexpr std::string_view file_prefix = "file:/";

/// NAME of "${NAME}".
std::optional<std::string> variable_of(std::string_view text) {
    if (!text.starts_with("${") || !text.ends_with('}')) return std::nullopt;
    const std::string_view name = text.substr(2, text.size() - 3);
    const bool good = !name.empty() && !base::is_digit(name.front()) &&
                      std::all_of(name.begin(), name.end(), [](char c) { return base::is_alnum(c) || c == '_'; });
    if (!good) return std::nullopt;
    return std::string(name);
}

bool is_bare_reference(std::string_view text) {
    return variable_of(text) || (text.starts_with(file_prefix) && text.size() > file_prefix.size());
}

/// The part of a value that is a reference: all of it, or what follows the first colon.
std::size_t begin_of_reference(std::string_view value) {
    if (is_bare_reference(value)) return 0;
    const std::size_t colon = value.find(':');
    if (colon != std::string_view::npos && is_bare_reference(value.substr(colon + 1))) return colon + 1;
    return std::string_view::npos;
}

constexpr std::string_view misplaced =
    "\"${\" stands for a variable only as the whole value or as the whole password, user:${NAME}; a password that has "
    "it "
    "goes into a file: user:file:/path";

/// A `${` that is no reference would be a literal part of the password, and never meant so.
bool has_misplaced_reference(std::string_view value) {
    const std::size_t begin = begin_of_reference(value);
    const std::string_view literal = value.substr(0, begin);
    return literal.find("${") != std::string_view::npos;
}

}  // namespace

bool may_refer(std::string_view value) { return is_reference(value) || value.find("${") != std::string_view::npos; }

bool is_reference(std::string_view value) { return begin_of_reference(value) != std::string_view::npos; }

std::variant<std::string, no_secret> resolve_reference(std::string_view value, const environment& env) {
    const std::size_t begin = begin_of_reference(value);
    if (has_misplaced_reference(value)) return no_secret{std::string(misplaced)};
    if (begin == std::string_view::npos) return std::string(value);
    const std::string user(value.substr(0, begin));
    const std::string_view reference = value.substr(begin);
    if (const auto name = variable_of(reference)) {
        const char* const text = env(name->c_str());
        if (text == nullptr) return no_secret{"the environment variable " + *name + " is not set"};
        return user + text;
    }
    const std::string path(reference.substr(std::string_view("file:").size()));
    auto text = read_text(path, largest_secret);
    if (const auto* fault = std::get_if<file_fault>(&text)) {
        return no_secret{"cannot read \"" + base::printable(path) + "\": " + fault->text};
    }
    std::string& secret = std::get<std::string>(text);
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
    return user + secret;
}

}  // namespace waypost::table
