#include "waypost/config/syntax/secret_words.hpp"

#include <algorithm>
#include <array>

#include "waypost/base/ascii.hpp"

namespace waypost::config {

namespace {

constexpr std::string_view ends_of_hash = " \t\"'&;,|<>()";
constexpr std::string_view ends_of_word = " \t\"'";  // a password may hold any other sign

bool is_name(char c) { return base::is_alnum(c) || c == '-' || c == '_'; }

constexpr std::size_t shortest_hash = 20;  // of those that crypt(3) knows, with its scheme

/// `$6$...`, `$2b$...`, `{PLAIN}...`: as crypt(3) and those who mark their schemes write it.
bool is_hash(std::string_view text) {
    if (text.empty() || (text.front() != '$' && text.front() != '{')) return false;
    const bool is_marked = text.front() == '{';
    const std::size_t end = text.find(is_marked ? '}' : '$', 1);
    if (end == std::string_view::npos || end < 2 || end + 1 >= text.size()) return false;
    const auto fits = [is_marked](char c) {
        const bool is_letter = is_marked ? c >= 'A' && c <= 'Z' : c >= 'a' && c <= 'z';
        return is_letter || base::is_digit(c) || c == '-' || c == '.';
    };
    if (!std::ranges::all_of(text.substr(1, end - 1), fits)) return false;
    return is_marked || std::min(text.find_first_of(ends_of_hash), text.size()) >= shortest_hash;
}

bool names_a_secret(std::string_view name) {
    constexpr std::array<std::string_view, 10> endings = {"password", "passwd", "passphrase", "pass",        "pwd",
                                                          "pw",       "secret", "token",      "credentials", "key"};
    std::string lower = base::to_lower(name);
    std::erase_if(lower, [](char c) { return c == '-' || c == '_'; });
    return std::ranges::any_of(endings, [&](std::string_view one) { return lower.ends_with(one); }) ||
           lower.ends_with("bearer") || lower == "authorization";
}

/// `curl -u user:password`.
bool names_a_login(std::string_view option) {
    return option == "-u" || option == "-U" || option == "--user" || option == "--proxy-user";
}

/// Walks through a text and copies what may be seen.
class reader {
public:
    reader(std::string_view text, bool is_command) : rest_(text), is_command_(is_command) {}

    std::string run() {
        while (!rest_.empty()) {
            if (begins_value() && is_hash(rest_)) {
                hide(rest_.find_first_of(ends_of_hash));
            } else if (rest_.starts_with("://")) {
                pass_authority();
            } else if (is_name(rest_.front()) && (shown_.empty() || !is_name(shown_.back()))) {
                pass_name();
            } else {
                pass(1);
            }
        }
        return std::move(shown_);
    }

private:
    [[nodiscard]] bool begins_value() const {
        return shown_.empty() || std::string_view(": \t=\"'").find(shown_.back()) != std::string_view::npos;
    }
    void pass(std::size_t length) {
        shown_ += rest_.substr(0, length);
        rest_.remove_prefix(std::min(length, rest_.size()));
    }
    void hide(std::size_t length) {
        rest_.remove_prefix(std::min(length, rest_.size()));
        shown_ += stars;
    }
    void hide_word() { hide(rest_.find_first_of(ends_of_word)); }
    void hide_quoted(char quote) {
        pass(1);
        std::size_t end = rest_.find(quote);
        while (end != std::string_view::npos && end > 0 && rest_[end - 1] == '\\') end = rest_.find(quote, end + 1);
        hide(end);
    }
    [[nodiscard]] std::string_view word_so_far() const {
        return std::string_view(shown_).substr(shown_.find_last_of(ends_of_word) + 1);
    }
    /// A value of the query of a URL ends where the next one begins.
    void hide_value() {
        if (rest_.starts_with('"') || rest_.starts_with('\'')) return hide_quoted(rest_.front());
        const bool in_query = word_so_far().find('?') != std::string_view::npos;
        const std::size_t end = std::min(rest_.find_first_of(ends_of_word), rest_.find(in_query ? '&' : ' '));
        if (!rest_.empty()) hide(end);
    }
    void pass_blanks() {
        while (!rest_.empty() && base::is_blank(rest_.front())) pass(1);
    }
    /// The label of a relay URL has no colon, and is no secret. A password may hold a slash, but no port does.
    void pass_authority() {
        pass(3);
        const std::string_view word = rest_.substr(0, rest_.find_first_of(ends_of_word));
        const std::size_t colon = word.find(':');
        if (colon >= word.find('/')) return;
        const std::string_view authority = word.substr(0, word.find('/'));
        const bool is_port = std::ranges::all_of(authority.substr(colon + 1), base::is_digit);
        const std::size_t before_slash = authority.rfind('@');
        const std::size_t at = before_slash == std::string_view::npos && !is_port ? word.rfind('@') : before_slash;
        if (at == std::string_view::npos || colon >= at) return;
        pass(colon + 1);
        hide(at - colon - 1);
    }
    void pass_login() {
        pass_blanks();
        if (rest_.starts_with('"') || rest_.starts_with('\'')) pass(1);
        const std::string_view login = rest_.substr(0, rest_.find_first_of(ends_of_word));
        const std::size_t colon = login.find(':');
        if (colon == std::string_view::npos || login.find("://") == colon) return;
        pass(colon + 1);
        hide_word();
    }
    /// `Authorization: Bearer x`: all that is left of the header.
    void hide_header() {
        const std::size_t end = rest_.find_first_of("\"'");
        if (!rest_.empty()) hide(end);
    }
    void pass_name() {
        const bool begins_word = word_so_far().empty();
        const auto end = std::ranges::find_if_not(rest_, is_name);
        const std::string_view name = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        pass(name.size());
        if (rest_.empty() || rest_.starts_with("://")) return;
        const char next = rest_.front();
        if (names_a_login(name) && base::is_blank(next)) return pass_login();
        if (!names_a_secret(name)) return;
        const bool takes_next_word =
            name.starts_with('-') || (is_command_ && begins_word) || base::iequals(name, "bearer");
        const bool has_value = next == '=' || next == ':' || (takes_next_word && base::is_blank(next));
        if (!has_value) return;
        pass(1);
        pass_blanks();
        if (base::iequals(name, "authorization")) return hide_header();
        hide_value();
    }

    std::string_view rest_;
    bool is_command_;
    std::string shown_;
};

}  // namespace

std::string without_secrets(std::string_view text) { return reader(text, false).run(); }
std::string command_without_secrets(std::string_view text) { return reader(text, true).run(); }

}  // namespace waypost::config
