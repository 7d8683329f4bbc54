// Text with format specifiers, as paths of maildirs and arguments of commands have them:
//
//     %{sender} %{rcpt} %{dest}, each also with .user and .domain;  %{user.username} %{user.directory}
//     %{mbox.from}   the sender, MAILER-DAEMON for the null reverse-path
//     %{dest.user[0:1]}                a part: first and last octet, or one alone; negative from the end
//     %{dest.user:lowercase|strip}     lowercase, uppercase, strip (the tag of a sub-address), raw
//     %%                               a percent sign
//
// Addresses and names come from strangers. In an argument of a command, which its program may read as code of any
// language, only letters, digits and -+=^_@. of them are kept, all else becomes ':': nothing that ends a string, a word
// or a statement, and no '/', so that as the name of a file it is one of the directory that the program works in. The
// first octet of an argument is a letter, a digit, '_' or ':'. What is left is still a word that a stranger chose, and
// a program that takes a whole argument as its code or its script acts on it. In a path, which nothing interprets,
// !#$%&'*?`{|}~ become ':' (as in OpenSMTPD). `raw` keeps every octet.
//
// Parsed once, at load; what is wrong with the text is an error there, so at delivery only a value can be wrong. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/base/result.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::delivery {

/// What the specifiers stand for in one delivery.
struct format_values {
    mail::reverse_path sender;
    mail::mailbox rcpt;  // as the client gave it
    mail::mailbox dest;  // after aliases of addresses; an alias of a user leaves it as it is
    std::string username;
    std::string directory;  // his home
    char tag_delimiter = '+';
};

struct format_fault {
    std::size_t position = 0;  // octet of the text
    std::string text;
    std::string hint;
};

/// What a value can do to a good text.
enum class format_errc {
    too_long = 1,
    no_such_part,  // [3:] of two octets
    no_component,  // a path would have a component that is empty, "." or ".." though its text has none
};
[[nodiscard]] base::error_code make_error_code(format_errc value) noexcept;

class format {
public:
    static constexpr std::size_t longest = 4096;  // octets of a result

    [[nodiscard]] static std::variant<format, format_fault> parse(std::string_view text);
    /// The text as it is, percent signs and all.
    [[nodiscard]] static format literal(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Without any specifier.
    [[nodiscard]] bool is_literal() const noexcept;
    /// A value that keeps octets which mean something to an interpreter.
    [[nodiscard]] bool has_raw() const noexcept;
    /// One specifier, and no text around it.
    [[nodiscard]] bool is_one_value() const noexcept;
    /// The text around the values of strangers is of letters, digits and -_=+.,:/@% alone, as in --to=%{rcpt}.
    [[nodiscard]] bool stands_in_plain_text() const noexcept;
    /// For an argument of a command. A value in front of it begins with a letter, a digit or '_' (unless raw), so that
    /// a sender cannot write an option, name a file of them (@file) or a hidden one.
    [[nodiscard]] base::result<std::string> expand(const format_values& values) const;
    /// For the program of a command: a path, whose values are as careful as those of an argument.
    [[nodiscard]] base::result<std::string> expand_program(const format_values& values) const;
    /// For a path: no value leads out of the directory that the text means, whatever its octets. "~/" in front is the
    /// home.
    [[nodiscard]] base::result<std::string> expand_path(const format_values& values) const;

    /// A specifier, taken apart.
    struct specifier {
        enum class origin : std::uint8_t { sender, rcpt, dest, username, directory, mbox_from };
        enum class part : std::uint8_t { whole, user, domain };
        enum class letters : std::uint8_t { as_they_are, lower, upper };

        origin value = origin::sender;
        part extent = part::whole;
        letters letter_case = letters::as_they_are;
        bool strip = false;
        bool raw = false;
        std::ptrdiff_t first = 0;
        std::optional<std::ptrdiff_t> last;  // none: to the end
        bool is_single = false;  // the octet `first` alone
    };

    enum class use : std::uint8_t { in_path, in_argument };

private:
    struct piece {
        std::string literal;
        std::optional<specifier> value;  // instead of it
    };

    [[nodiscard]] base::result<std::string> path(const format_values& values, use place) const;

    std::string text_;
    std::vector<piece> pieces_;
};

}  // namespace waypost::delivery

template <>
struct boost::system::is_error_code_enum<waypost::delivery::format_errc> : std::true_type {};
