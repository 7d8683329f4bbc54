// What goes with the content of a message but is not in it: the reverse-path with what belongs to all recipients, and
// each recipient with what is his alone. DSN parameters are those of RFC 3461.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "waypost/mail/mailbox.hpp"

namespace waypost::mail {

enum class dsn_return { unspecified, full, headers };

/// NOTIFY= of RCPT; `unspecified` is failure and delay as the server likes it.
struct dsn_notify {
    bool specified = false;
    bool never = false;
    bool success = false;
    bool failure = false;
    bool delay = false;
    friend bool operator==(const dsn_notify&, const dsn_notify&) = default;
};
/// "SUCCESS,FAILURE", "NEVER" or "" (unspecified); from_text refuses anything else.
[[nodiscard]] std::string to_text(const dsn_notify& notify);
[[nodiscard]] std::optional<dsn_notify> notify_from_text(std::string_view text);

struct sender {
    reverse_path address;
    bool eight_bit = false;  // BODY=8BITMIME
    dsn_return ret = dsn_return::unspecified;
    std::string envelope_id;                     // ENVID, xtext decoded
    std::optional<std::uint64_t> declared_size;  // SIZE=
};

struct recipient {
    mailbox address;
    dsn_notify notify;
    std::string original;  // ORCPT as given: "rfc822;xtext", or empty
};

/// xtext of RFC 3461 section 4; decoding refuses what is not xtext and what decodes to control bytes.
[[nodiscard]] std::string xtext_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> xtext_decode(std::string_view text);

}  // namespace waypost::mail
