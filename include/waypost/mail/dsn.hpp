// The text of a delivery status notification: multipart/report (RFC 6522) with a notice for people,
// message/delivery-status (RFC 3464) and the header section of the message, or all of it. Pure: values in, content out.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/mail/envelope.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::mail {

enum class report_kind { failed, delayed, delivered, relayed, expanded };

struct reported_recipient {
    mailbox address;
    std::string original;  // ORCPT
    status last;
    std::string remote_host;  // whose words `last` has; empty: ours
    std::string expanded_from = {};  // the address that the sender used, where `recipient` came out of it
    bool is_local = false;  // `last` comes from a delivery on this host, not from SMTP
};

struct report {
    report_kind kind = report_kind::failed;
    std::string reporting_host;
    reverse_path recipient;  // never null
    std::string envelope_id;
    std::chrono::system_clock::time_point arrived;
    std::chrono::system_clock::time_point time;
    std::chrono::system_clock::time_point expires;  // delayed: until when it will be tried
    std::string message_id;  // of this DSN, for its Message-ID field and its boundary
    std::vector<reported_recipient> recipients;
    std::string_view returned;  // header section, or the whole message
    bool whole_message = false;  // `returned` is message/rfc822 instead of text/rfc822-headers
};

/// The content: 7-bit with CRLF line ends and lines of at most 998 octets, whatever was returned. So every host takes
/// it, also one without 8BITMIME, which may be why there is a report. A header section that is not so goes in
/// quoted-printable; of a whole message that is not so only the header section is returned, because RFC 2046 5.2.1
/// allows message/rfc822 no encoding.
[[nodiscard]] std::string format_dsn(const report& report);

}  // namespace waypost::mail
