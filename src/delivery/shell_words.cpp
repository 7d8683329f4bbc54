#include "shell_words.hpp"

#include <algorithm>

#include "waypost/base/ascii.hpp"

namespace waypost::delivery {
namespace {

bool is_one_of(char c, std::string_view words) { return words.find(c) != std::string_view::npos; }

/// Words that are no programs.
bool is_shell_word(std::string_view first) {
    static constexpr std::string_view words[] = {
        "!",    ".",   ":",     "alias",  "case", "cd",     "command", "eval",  "exec",  "exit", "export", "for", "if",
        "read", "set", "shift", "source", "trap", "ulimit", "umask",   "unset", "until", "wait", "while",  "{"};
    return std::ranges::find(words, first) != std::end(words);
}

/// NAME=value in front of a command.
bool is_assignment(std::string_view word) {
    const std::size_t equals = word.find('=');
    return equals != std::string_view::npos && equals > 0 && !base::is_digit(word.front()) &&
           std::ranges::all_of(word.substr(0, equals), [](char c) { return base::is_alnum(c) || c == '_'; });
}

class splitter {
public:
    splitter(std::string_view text, specifiers specifiers) : text_(text), specifiers_(specifiers) {}

    std::variant<shell_words, format_fault> run() {
        for (position_ = 0; position_ < text_.size() && !fault_; ++position_) {
            if (quote_ == '\'') {
                in_single_quotes();
            } else if (quote_ == '"') {
                in_double_quotes();
            } else {
                outside();
            }
        }
        if (fault_) return std::move(*fault_);
        if (quote_ != '\0') return format_fault{quoted_at_, "a quote is not closed", "write a second one"};
        end_word();
        if (words_.words.empty()) return format_fault{0, "there is no command", "write a program and its arguments"};
        return std::move(words_);
    }

private:
    void outside() {
        const char c = text_[position_];
        if (base::is_blank(c)) return end_word();
        if (!in_word_) begin_word();
        if (take_specifier() || take_home()) return;
        if (c == '\'' || c == '"') {
            open(c);
        } else if (c == '\\') {
            escape({});
        } else {
            const bool begins = words_.words.back().text.empty() && !was_quoted_;
            if (is_one_of(c, "|&;<>()$`*?[\n") || (begins && is_one_of(c, "#~"))) words_.for_shell = true;
            add(c);
        }
    }

    void in_single_quotes() {
        if (take_specifier()) return;
        text_[position_] == '\'' ? close() : add(text_[position_]);
    }

    void in_double_quotes() {
        if (take_specifier()) return;
        const char c = text_[position_];
        if (c == '"') return close();
        if (c == '\\') return escape("\"\\$`\n");
        if (is_one_of(c, "$`")) words_.for_shell = true;
        add(c);
    }

    /// A backslash, which in double quotes is one itself but in front of these.
    void escape(std::string_view only) {
        if (position_ + 1 == text_.size()) {
            fault_ = format_fault{position_, "a backslash with nothing behind it", "remove it"};
        } else if (only.empty() || is_one_of(text_[position_ + 1], only)) {
            ++position_;
            was_quoted_ = true;
            if (text_[position_] != '\n') add(text_[position_]);
        } else {
            add('\\');
        }
    }

    bool take_specifier() {
        if (specifiers_ == specifiers::none || !text_.substr(position_).starts_with("%{")) return false;
        const std::size_t ends = text_.find('}', position_);
        if (ends == std::string_view::npos) return false;  // a fault of the format
        words_.words.back().text += text_.substr(position_, ends - position_ + 1);
        position_ = ends;
        return true;
    }

    bool take_home() {
        if (specifiers_ == specifiers::none || was_quoted_ || !words_.words.back().text.empty()) return false;
        if (!text_.substr(position_).starts_with("~/")) return false;
        words_.words.back().text = "%{user.directory}";
        return true;
    }

    void begin_word() {
        words_.words.push_back({{}, position_});
        in_word_ = true;
        was_quoted_ = false;
    }
    void add(char c) { words_.words.back().text += c; }
    void open(char quote) {
        quote_ = quote;
        quoted_at_ = position_;
        was_quoted_ = true;
    }
    void close() { quote_ = '\0'; }
    void end_word() {
        if (!std::exchange(in_word_, false) || words_.words.size() > 1) return;
        const std::string& first = words_.words.front().text;
        if ((is_shell_word(first) && !was_quoted_) || is_assignment(first)) words_.for_shell = true;
    }

    std::string_view text_;
    specifiers specifiers_;
    std::size_t position_ = 0;
    shell_words words_;
    char quote_ = '\0';
    std::size_t quoted_at_ = 0;
    bool in_word_ = false;
    bool was_quoted_ = false;  // something in this word
    std::optional<format_fault> fault_;
};

}  // namespace

std::variant<shell_words, format_fault> split_words(std::string_view text, specifiers specifiers) {
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
        return format_fault{nul, "there is a NUL in the text", "remove it"};
    return splitter(text, specifiers).run();
}

bool is_shell(std::string_view program) {
    static constexpr std::string_view names[] = {"ash",   "bash", "csh",     "dash", "fish", "ksh",  "ksh93", "mksh",
                                                 "rbash", "rksh", "runuser", "sh",   "su",   "tcsh", "yash",  "zsh"};
    return std::ranges::find(names, program.substr(program.rfind('/') + 1)) != std::end(names);
}

}  // namespace waypost::delivery
