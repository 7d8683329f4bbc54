#include "option.hpp"

namespace waypost::config {

bool has_another_option(cursor& cursor, bool in_braces) {
    if (!in_braces) return !cursor.at_line_end();
    do {
        cursor.skip_newlines();
    } while (cursor.skip_mark(','));
    if (cursor.skip_mark('}')) return false;
    if (cursor.at_end()) cursor.fail_unexpected(cursor.peek(), "\"}\"");
    return true;
}

void fail_without_option(cursor& cursor, const token& word, std::string_view kind,
                         const std::vector<std::string_view>& known) {
    if (word.is == token::kind::word) cursor.fail_unknown(word, kind, known);
    cursor.fail_unexpected(word, std::string(kind.starts_with('o') ? "an " : "a ") + std::string(kind));
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

}  // namespace waypost::config
