#include "printed_words.hpp"

#include <utility>

#include "waypost/base/ascii.hpp"
#include "waypost/config/syntax/lexer.hpp"
#include "waypost/config/syntax/secret_words.hpp"
#include "waypost/config/syntax/words.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/table/secret_reference.hpp"

namespace waypost::config {
namespace {

constexpr std::size_t longest_list_on_a_line = 80;

std::string url_or_mask(const std::string& text) {
    return std::string(std::holds_alternative<mail::relay_url>(mail::parse_relay_url(text)) ? text : stars);
}
std::string reference_or_mask(const std::string& text) { return table::is_reference(text) ? text : std::string(stars); }

/// `user:password`, as far as one can see.
bool can_be_login(const std::string& text) {
    if (text.find(':') == std::string::npos || net::cidr::parse(text)) return false;
    return std::holds_alternative<mail::relay_url_error>(mail::parse_relay_url(text));
}

std::string value_of(const std::string& text, shown style) {
    switch (style) {
        case shown::urls: return url_or_mask(text);
        case shown::no_secrets:
        case shown::keys: return reference_or_mask(text);
        case shown::unused: return can_be_login(text) ? std::string(stars) : without_secrets(text);
        case shown::everything: break;
    }
    return without_secrets(text);
}

/// A list has no values: if it is one of credentials it is wrong, and may hold them as keys.
std::string key_of(const std::string& text, bool is_map, shown style) {
    if (is_map || style == shown::keys) return without_secrets(text);
    return value_of(text, style);
}

}  // namespace

std::string in_quotes(const std::string& text) {
    // A backslash at the end cannot be quoted; only a bare string can have brought it.
    if (text.ends_with('\\')) return text + " ";
    const char quote = text.find('"') != std::string::npos && text.find('\'') == std::string::npos ? '\'' : '"';
    std::string quoted(1, quote);
    for (const char c : text) {
        const bool would_lose_its_backslash = base::is_blank(c) && quoted.ends_with('\\');
        if (c == quote || would_lose_its_backslash) quoted += '\\';
        quoted += c;
    }
    return quoted + quote;
}

std::string plain(const std::string& text) {
    return can_be_bare(text) && !is_keyword(text) && !is_old_keyword(text) ? text : in_quotes(text);
}

std::string table_name(const std::string& text) {
    return can_be_bare(text) && !is_keyword(text) ? text : in_quotes(text);
}

std::string delay(std::chrono::seconds time) {
    const auto seconds = time.count();
    for (const auto& [unit, letter] : {std::pair{86400, 'd'}, std::pair{3600, 'h'}, std::pair{60, 'm'}}) {
        if (seconds % unit == 0) return std::to_string(seconds / unit) + letter;
    }
    return std::to_string(seconds) + 's';
}

std::string size(std::uint64_t bytes) {
    for (const auto& [shift, letter] : {std::pair{30, 'G'}, std::pair{20, 'M'}, std::pair{10, 'K'}}) {
        if (bytes % (1ULL << shift) == 0) return std::to_string(bytes >> shift) + letter;
    }
    return std::to_string(bytes);
}

std::string masked(const std::string& secret) { return in_quotes(reference_or_mask(secret)); }

std::string rows(const table_rows& target_rows, shown style) {
    std::string one_line;
    std::string many_lines;
    for (const table_row& row : target_rows.rows) {
        std::string text = in_quotes(key_of(row.key, target_rows.is_map, style));
        if (target_rows.is_map) text += " = " + in_quotes(value_of(row.value, style));
        one_line += (one_line.empty() ? "" : ", ") + text;
        many_lines += "    " + text + ",\n";
    }
    if (one_line.size() <= longest_list_on_a_line) return "{ " + one_line + " }";
    return "{\n" + many_lines + "}";
}

std::string use(const table_use& table, shown style) {
    if (!table.name.empty()) return "<" + table_name(table.name) + ">";
    const bool one_string = table.rows.rows.size() == 1 && !table.rows.is_map;
    if (one_string) return in_quotes(key_of(table.rows.rows.front().key, false, style));
    return rows(table.rows, style);
}

}  // namespace waypost::config
