#include "waypost/config/syntax/lexer.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::config {
namespace {

constexpr std::string_view ends_bare = "(){}<>!=#,";
constexpr std::string_view marks = "{}()<>!,=";
// OpenSMTPD wants a letter, a digit, `_` or `:`. Paths, `@domain`, `*.domain`, `[v6]` and `~` are as clear without
// quotes.
constexpr std::string_view begins_bare_too = "_:/.@*[~+-^%";

bool begins_bare(char c) noexcept { return base::is_alnum(c) || begins_bare_too.find(c) != std::string_view::npos; }
bool goes_on_bare(char c) noexcept { return c > ' ' && c < 0x7f && ends_bare.find(c) == std::string_view::npos; }

/// UTF-8 of what word processors and web pages put where a quote or a blank was.
std::string_view pasted_from_elsewhere(std::string_view rest) {
    if (rest.starts_with("\xe2\x80\x9c") || rest.starts_with("\xe2\x80\x9d") || rest.starts_with("\xe2\x80\x9e")) {
        return "write a plain \" instead of the typographic one";
    }
    if (rest.starts_with("\xe2\x80\x98") || rest.starts_with("\xe2\x80\x99")) {
        return "write a plain ' instead of the typographic one";
    }
    if (rest.starts_with("\xc2\xa0")) return "write a plain blank instead of the no-break one";
    if (rest.starts_with("\xe2\x80\x93") || rest.starts_with("\xe2\x80\x94"))
        return "write a plain - instead of the dash";
    return "put a string that is not plain ASCII in quotes";
}

class lexer {
public:
    lexer(std::string_view text, const position& start, bool in_macro, fault_list& faults)
        : text_(text), now_(start), in_macro_(in_macro), faults_(faults) {}

    std::vector<token> run() {
        while (one()) {}
        return std::move(tokens_);
    }

private:
    /// Length of the line end at `position`: LF or CRLF. A macro's value has one line, and a newline in it is a stray
    /// control.
    [[nodiscard]] std::size_t newline_at(std::size_t position) const noexcept {
        if (in_macro_) return 0;
        if (position < text_.size() && text_[position] == '\n') return 1;
        return text_.substr(position).starts_with("\r\n") ? 2 : 0;
    }
    [[nodiscard]] bool at_end() const noexcept { return next_ >= text_.size(); }
    [[nodiscard]] char peek() const noexcept { return text_[next_]; }

    void pass(std::size_t bytes) noexcept {
        next_ += bytes;
        if (!in_macro_) now_.column += bytes;
    }
    void pass_newline(std::size_t bytes) noexcept {
        next_ += bytes;
        ++now_.line;
        now_.column = 1;
    }
    /// A backslash before the end of the line is as if neither were there.
    void join_lines() noexcept {
        while (!at_end() && peek() == '\\') {
            const std::size_t newline = newline_at(next_ + 1);
            if (newline == 0) return;
            pass_newline(1 + newline);
        }
    }
    void skip_line() noexcept {
        for (join_lines(); !at_end() && newline_at(next_) == 0; join_lines()) pass(1);
    }

    void add(token::kind is, std::string text, const position& position) {
        tokens_.push_back({is, std::move(text), position});
    }
    void broken(const position& position, std::string text, std::string hint) {
        faults_.fault(position.where(), std::move(text), std::move(hint));
        add(token::kind::broken, {}, position);
        skip_line();
    }

    bool one() {
        join_lines();
        if (at_end()) {
            add(token::kind::end, {}, now_);
            return false;
        }
        const position at = now_;
        const char c = peek();
        if (const std::size_t newline = newline_at(next_)) {
            add(token::kind::newline, {}, at);
            pass_newline(newline);
        } else if (base::is_blank(c)) {
            pass(1);
        } else if (c == '#') {
            if (in_macro_) {
                broken(at, "\"#\" in the value of a macro", "give the value quotes of its own: name = '\"a#b\"'");
            } else {
                skip_line();
            }
        } else if (c == '"' || c == '\'') {
            quoted(c);
        } else if (c == '$') {
            macro();
        } else if (marks.find(c) != std::string_view::npos) {
            pass(1);
            if (c == '=' && !at_end() && peek() == '>') pass(1);
            add(token::kind::mark, std::string(1, c), at);
        } else if (begins_bare(c)) {
            bare();
        } else {
            stray(c);
        }
        return true;
    }

    void stray(char c) {
        const position at = now_;
        if (base::is_control(c)) {
            broken(at, "a control character: " + base::printable({&c, 1}), "remove it; a configuration is plain text");
        } else if (static_cast<unsigned char>(c) >= 0x80) {
            const std::string_view rest = text_.substr(next_);
            broken(at, "unexpected " + base::printable(rest.substr(0, 3)), std::string(pasted_from_elsewhere(rest)));
        } else {
            broken(at, "unexpected \"" + base::printable({&c, 1}) + "\"", "put a string that begins with it in quotes");
        }
    }

    void bare() {
        const position at = now_;
        std::string word;
        for (join_lines(); !at_end() && goes_on_bare(peek()); join_lines()) {
            word += peek();
            pass(1);
            if (too_long(word, at)) return;
        }
        if (!at_end() && !in_macro_ && (static_cast<unsigned char>(peek()) >= 0x80 || is_stray_control())) {
            stray(peek());
            return;
        }
        add(token::kind::word, std::move(word), at);
    }
    [[nodiscard]] bool is_stray_control() const noexcept {
        return base::is_control(peek()) && peek() != '\t' && newline_at(next_) == 0;
    }
    /// The text is not shown: it may be a password.
    bool too_long(const std::string& text, const position& position) {
        if (text.size() <= longest_string) return false;
        broken(position, "a string of more than 16 KiB begins here",
               "long lists belong in a file: table NAME file:/path");
        return true;
    }

    void quoted(char quote) {
        const position at = now_;
        pass(1);
        std::string text;
        for (;;) {
            join_lines();
            if (at_end() || newline_at(next_) != 0) {
                broken(at, std::string("the quote ") + quote + " that begins here has no end on its line",
                       std::string("close it with ") + quote + ", or end the line with \\ to go on");
                return;
            }
            char c = peek();
            if (base::is_control(c) && c != '\t') {
                stray(c);
                return;
            }
            pass(1);
            if (c == quote) break;
            if (c == '\\' && !at_end() && (peek() == quote || base::is_blank(peek()))) {
                c = peek();
                pass(1);
            }
            text += c;
            if (too_long(text, at)) return;
        }
        add(token::kind::quoted, std::move(text), at);
    }

    void macro() {
        const position at = now_;
        pass(1);
        std::string name;
        while (!at_end() && (base::is_alnum(peek()) || peek() == '_')) {
            name += peek();
            pass(1);
        }
        if (name.empty()) {
            broken(at, "\"$\" without a name", "a macro is used as $name; put a string that begins with $ in quotes");
        } else if (name.size() > longest_string) {
            too_long(name, at);
        } else {
            add(token::kind::macro, std::move(name), at);
        }
    }

    std::string_view text_;
    position now_;
    bool in_macro_;
    fault_list& faults_;
    std::size_t next_ = 0;
    std::vector<token> tokens_;
};

}  // namespace

std::vector<token> lex(std::string_view text, const position& start, fault_list& faults) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
    return lexer(text, start, false, faults).run();
}

std::vector<token> lex_macro(std::string_view value, const position& used_at, fault_list& faults) {
    return lexer(value, used_at, true, faults).run();
}

bool can_be_bare(std::string_view text) noexcept {
    if (text.empty() || text.size() > longest_string || !begins_bare(text.front())) return false;
    for (const char c : text) {
        if (!goes_on_bare(c)) return false;
    }
    return true;
}

}  // namespace waypost::config
