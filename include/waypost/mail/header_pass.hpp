// The one pass over the header section of a message while it is accepted (RFC 6409 section 8, RFC 5322 section 3.6).
//
// Mail of programs on this machine and of clients that have logged in is completed: Bcc and Resent-Bcc go, the fields
// that are missing come at the end of the section, and where a line is no field the body begins, with an empty line in
// front of it. A leading mbox line ("From ada Sun Nov 22 ...") goes too. On a relay from others nothing is touched,
// except that a first line that begins with a blank gets an empty line in front of it: it would continue our Received
// field.
//
// Works on pieces of any size and holds back at most the name of one field, so a header section may have any length.
#pragma once

#include <string>
#include <string_view>

namespace waypost::mail {

/// Whole fields, each with its CRLF, for a message that has none of that name. Empty: it stays without.
struct missing_fields {
    std::string from_field;
    std::string date;
    std::string message_id;
};

class header_pass {
public:
    /// For mail that others relay to us.
    header_pass() = default;
    /// For mail that is submitted here.
    explicit header_pass(missing_fields additions) : additions_(std::move(additions)), completes_(true) {}

    /// Appends to `out` what is known of the message after this piece.
    void feed(std::string_view piece, std::string& out);
    /// What was held back, and what is missing, when the message ends within its header section.
    void end(std::string& out);
    /// What follows is passed on as it is.
    [[nodiscard]] bool is_over() const noexcept { return state_ == state::body; }

private:
    void take(char c, std::string& out);
    void take_mbox_line_or_body(std::string& out);
    void keep_or_drop(std::string& out);
    void add_missing(std::string& out);
    void begin_body(std::string& out);

    // name: at the beginning of a line, until its first octets say what it is.
    enum class state : unsigned char { name, keeping, dropping, body };
    missing_fields additions_;
    std::string held_text_;  // of a line whose kind is not known yet
    bool completes_ = false;
    bool any_field_ = false;
    state state_ = state::name;
    state last_field_ = state::keeping;  // a folded line goes with it
};

}  // namespace waypost::mail
