// Walks over the tokens of a configuration and hands out what the grammar wants next.
//
// A wrong word ends its directive by an exception, which parse() catches at once: a parser that is ten functions deep
// in a grammar has nothing better to do with a fault than to leave, and every rule of the grammar stays a line. This
// exception never leaves the room. What is wrong but understood (a port above 65535) is only noted, and the directive
// goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/config/syntax/token.hpp"

namespace waypost::config {

/// Leaves the directive. The fault is in the list already.
struct leave_directive {};

class cursor {
public:
    cursor(std::vector<token> tokens, fault_list& faults);

    [[nodiscard]] const token& peek() const noexcept { return tokens_[next_]; }
    [[nodiscard]] bool at_line_end() const noexcept { return peek().ends_line(); }
    [[nodiscard]] bool at_end() const noexcept { return peek().is == token::kind::end; }

    /// The next token, whatever it is; past the end there is no token, so it stays there. Leaves at a broken one.
    const token& take();
    /// Passes a keyword or a mark if it is next.
    bool skip_word(std::string_view word);
    bool skip_mark(char mark);
    void skip_newlines();
    void expect_mark(char mark, std::string_view subject);
    void expect_word(std::string_view word, std::string_view example);

    /// A string: quoted, or bare and no keyword. `subject` names it: "the name of a table".
    located_string take_string(std::string_view subject);
    /// A string may be next: something quoted, or bare and no keyword of either generation.
    [[nodiscard]] bool string_is_next() const;
    std::chrono::seconds take_delay(std::string_view subject);  // <n>{s|m|h|d}
    std::uint64_t take_size(std::string_view subject);          // N[K|M|G]
    std::uint64_t take_number(std::string_view subject, std::uint64_t least, std::uint64_t most);

    // Faults. `token` is where; the token's text is named by show().
    [[noreturn]] void fail(const token& token, std::string text, std::string hint = {});
    [[noreturn]] void fail_unexpected(const token& token, std::string_view expected, std::string hint = {});
    [[noreturn]] void fail_unknown(const token& token, std::string_view kind,
                                   const std::vector<std::string_view>& names);
    [[noreturn]] void fail_not_built(const token& token, std::string_view word);
    void fault(const location& location, std::string text, std::string hint = {});
    void warn(const location& location, std::string text, std::string hint = {});

    /// A token in the words of an error.
    [[nodiscard]] std::string show(const token& token) const;

    /// While one of these lives, errors do not show words: in a table's values they may be passwords.
    class redact {
    public:
        explicit redact(cursor& cursor) : cursor_(&cursor) { ++cursor_->hushed_; }
        redact(const redact&) = delete;
        redact& operator=(const redact&) = delete;
        ~redact() { --cursor_->hushed_; }

    private:
        cursor* cursor_;
    };

    /// Where skip_directive() may be sent back to.
    [[nodiscard]] std::size_t number() const noexcept { return next_; }
    /// Passes the directive that began at token number `begin` and was left: its line, and the rest of a list in it.
    void skip_directive(std::size_t begin);

private:
    std::vector<token> tokens_;
    fault_list& faults_;
    std::size_t next_ = 0;
    int hushed_ = 0;
};

}  // namespace waypost::config
