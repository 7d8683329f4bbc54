// An answer about mail: reply code (RFC 5321 section 4.2), enhanced status code (RFC 3463) and a text for people.
#pragma once

#include <string>
#include <string_view>

namespace waypost::mail {

/// "2.1.5": class, subject, detail. All zero: none was given.
struct enhanced_code {
    int klass = 0;
    int subject = 0;
    int detail = 0;
    /// Empty if none was given.
    [[nodiscard]] std::string text() const;
    /// Moves `text` past "c.s.d"; leaves it alone and answers zeros if there is none.
    [[nodiscard]] static enhanced_code parse(std::string_view& text);
    friend bool operator==(const enhanced_code&, const enhanced_code&) = default;
};

class status {
public:
    status() = default;
    /// `code` is the three digits; what is no reply code becomes 451, so that nonsense is tried again. Text is made one
    /// line of at most 1000 bytes; control bytes in it become blanks.
    status(int code, enhanced_code enhanced, std::string_view text);

    // With the usual reply code of the class: 250, 451, 550. `enhanced` is "c.s.d".
    [[nodiscard]] static status success(std::string_view enhanced, std::string_view text);
    [[nodiscard]] static status transient(std::string_view enhanced, std::string_view text);
    [[nodiscard]] static status permanent(std::string_view enhanced, std::string_view text);
    [[nodiscard]] static status of(int code, std::string_view enhanced, std::string_view text);

    [[nodiscard]] int code() const noexcept { return code_; }
    [[nodiscard]] const enhanced_code& enhanced() const noexcept { return enhanced_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool is_success() const noexcept { return code_ / 100 == 2; }
    [[nodiscard]] bool is_transient() const noexcept { return code_ / 100 == 4; }
    [[nodiscard]] bool is_permanent() const noexcept { return code_ / 100 == 5; }
    /// "451 4.4.1 text": for logs, bounces and queue rows.
    [[nodiscard]] std::string line() const;
    /// The opposite of line(); anything unreadable becomes a transient 451 with that text.
    [[nodiscard]] static status from_line(std::string_view line);
    friend bool operator==(const status&, const status&) = default;

private:
    int code_ = 250;
    enhanced_code enhanced_;
    std::string text_;
};

}  // namespace waypost::mail
