// Puts another address into the From fields of a header section (RFC 5322 section 3.6.2) while the message passes by:
// `senders <t> masquerade`, for programs that send in a name of their own.
//
// Works on pieces of any size and holds back at most the name of one field. A message without From stays without; what
// comes behind the header section is passed on untouched.
#pragma once

#include <string>
#include <string_view>

namespace waypost::mail {

class masquerade {
public:
    /// `address` as it is to stand there, without brackets.
    explicit masquerade(std::string address) : address_(std::move(address)) {}

    /// Appends to `out` what is known of the message after this piece. Lines end in CRLF.
    void feed(std::string_view piece, std::string& out);
    /// What was held back, when the message ends within its header section.
    void end(std::string& out);
    /// What follows is passed on as it is.
    [[nodiscard]] bool is_over() const noexcept { return state_ == at::body; }

private:
    void take(char c, std::string& out);
    void decide(std::string& out);

    // name: at the beginning of a line, as long as it may become "From:".
    enum class at : unsigned char { name, keeping, dropping, body };
    std::string address_;
    std::string held_text_;
    at state_ = at::name;
    bool dropped_before_ = false;  // the line before was a From field: a folded one belongs to it
};

}  // namespace waypost::mail
