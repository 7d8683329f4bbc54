#include "waypost/config/secret_words.hpp"

#include <algorithm>
#include <array>

#include "waypost/base/ascii.hpp"

namespace waypost::config {

namespace {

constexpr std::string_view stars = "********";
constexpr std::string_view ends_of_word = " \t\"'&;,|<>()";

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
    return is_marked || std::min(text.find_first_of(ends_of_word), text.size()) >= shortest_hash;
}

bool names_a_secret(std::string_view name) {
    constexpr std::array<std::string_view, 9> endings = {"password", "passwd", "passphrase",  "pass",  "pwd",
                                                         "secret",   "token",  "credentials", "apikey"};
    std::string lower = base::to_lower(name);
    std::erase_if(lower, [](char c) { return c == '-' || c == '_'; });
    return std::ranges::any_of(endings, [&](std::string_view one) { return lower.ends_with(one); }) ||
           lower.ends_with("accesskey") || lower.ends_with("secretkey");
}

/// Walks through a text and copies what may be seen.
class reader {
public:
    explicit reader(std::string_view text) : rest_(text) {}

    std::string run() {
        while (!rest_.empty()) {
            if (begins_value() && is_hash(rest_)) {
                hide_word();
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
    void hide_word() {
        rest_.remove_prefix(std::min(rest_.find_first_of(ends_of_word), rest_.size()));
        shown_ += stars;
    }
    void hide_quoted(char quote) {
        pass(1);
        rest_.remove_prefix(std::min(rest_.find(quote), rest_.size()));
        shown_ += stars;
    }
    /// The label of a relay URL has no colon, and is no secret.
    void pass_authority() {
        pass(3);
        const std::string_view authority = rest_.substr(0, rest_.find_first_of(ends_of_word));
        const std::size_t at = authority.rfind('@');
        if (at == std::string_view::npos) return;
        const std::size_t colon = authority.find(':');
        if (colon >= at) return;
        pass(colon + 1);
        shown_ += stars;
        rest_.remove_prefix(at - colon - 1);
    }
    void pass_name() {
        const auto end = std::ranges::find_if_not(rest_, is_name);
        const std::string_view name = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        const bool is_option = name.starts_with('-');
        const bool has_secret = names_a_secret(name);
        pass(name.size());
        if (!has_secret || rest_.empty()) return;
        const bool has_value = rest_.front() == '=' || (is_option && base::is_blank(rest_.front()));
        if (!has_value) return;
        pass(1);
        while (!rest_.empty() && base::is_blank(rest_.front())) pass(1);
        if (rest_.starts_with('"') || rest_.starts_with('\'')) {
            hide_quoted(rest_.front());
        } else if (!rest_.empty()) {
            hide_word();
        }
    }

    std::string_view rest_;
    std::string shown_;
};

}  // namespace

std::string without_secrets(std::string_view text) { return reader(text).run(); }

std::string shown_row(const loaded& settings, const table::table& rows, table::service about, bool by_key,
                      const std::string& row) {
    using table::service;
    if (by_key && (about == service::credentials || about == service::userinfo)) return row;
    const auto logs_in = [&](const auto& one) { return one.passwords == &rows; };
    const auto sends = [&](const auto& one) { return one.second.credentials == &rows; };
    const bool is_secret = about == service::credentials || std::ranges::any_of(settings.inbound.listeners, logs_in) ||
                           std::ranges::any_of(settings.relay.actions, sends);
    return is_secret ? std::string(stars) : without_secrets(row);
}

}  // namespace waypost::config
