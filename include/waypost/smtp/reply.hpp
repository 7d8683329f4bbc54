// Replies (RFC 5321 section 4.2): made by the server, read by the client. A reply read from a peer is hostile input:
// bounded in octets (not in lines: some hosts give a page of reasons), control bytes escaped, a code outside 200 to 599
// refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/mail/status.hpp"

namespace waypost::smtp {

struct reply {
    int code = 0;
    std::vector<std::string> lines;  // text after code and separator; at least one

    reply() = default;
    reply(int c, std::string_view text) : code(c), lines{std::string(text)} {}
    /// "550 5.1.1 no such mailbox"
    explicit reply(const mail::status& status);

    [[nodiscard]] bool is_positive() const noexcept { return code / 100 == 2 || code / 100 == 3; }
    /// Code, enhanced code when there is one, and the text of all lines on one.
    [[nodiscard]] mail::status to_status() const;
};

/// Appends the wire form.
void write_reply(std::string& out, const reply& reply);
/// The same for the usual one-line reply, without building a `reply`.
void write_reply(std::string& out, const mail::status& status);

/// Puts the lines of one reply together. One of more than most_octets, line ends counted, is malformed.
class reply_reader {
public:
    static constexpr std::size_t most_octets = 65'536;
    enum class progress { more, done, malformed };
    /// `line` without CRLF. After `done`, take() gives the reply and begins anew.
    [[nodiscard]] progress on_line(std::string_view line);
    [[nodiscard]] reply take();

private:
    reply building_;
    std::size_t octets_ = 0;
};

}  // namespace waypost::smtp
