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
    mailbox to;
    std::string original;  // ORCPT
    status last;
    std::string remote_host;  // whose words `last` has; empty: ours
};

struct report {
    report_kind kind = report_kind::failed;
    std::string reporting_host;
    reverse_path to;  // never null
    std::string envelope_id;
    std::chrono::system_clock::time_point arrived;
    std::chrono::system_clock::time_point at;
    std::chrono::system_clock::time_point expires;  // delayed: until when it will be tried
    std::string message_id;  // of this DSN, for its Message-ID field and its boundary
    std::vector<reported_recipient> recipients;
    std::string_view returned;  // header section, or the whole message
    bool whole_message = false;  // `returned` is message/rfc822 instead of text/rfc822-headers
};

/// The content with CRLF line ends. 7-bit unless `returned` is not.
[[nodiscard]] std::string format_dsn(const report& about);

}  // namespace waypost::mail
