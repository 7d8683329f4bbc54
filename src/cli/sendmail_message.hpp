// From what sendmail(8) was given to what the daemon is told. Pure.
//
// What only the caller knows is added here: the full name in a From field. Everything else that a message lacks, and
// what it must not show (Bcc), is the daemon's to mend, for all that comes to its socket.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sendmail_options.hpp"
#include "waypost/mail/envelope.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::cli {

/// The user who runs it.
struct caller {
    std::string user;
    std::string full_name;
};

/// A message whose addresses may be of this host, whose name only the daemon knows.
struct draft {
    /// Without a domain: of this host.
    struct address {
        mail::local_part local;
        std::optional<mail::domain> host;
    };
    /// Of a From field that the message lacks.
    struct author {
        std::string full_name;
        address mailbox;
    };
    std::optional<address> from;  // none: the null reverse-path
    std::vector<address> to;
    mail::dsn_notify notify;
    mail::dsn_return ret = mail::dsn_return::unspecified;
    std::string envelope_id;
    std::optional<author> written_by;  // none: nothing that the daemon would not know too
    std::string content;               // CRLF line ends
};

/// The draft, or what is wrong. With -t its recipients are those of the header beside those of the command line: of
/// Resent-To, Resent-Cc and Resent-Bcc where there are any (RFC 5322 section 3.6.6; the newest block that has them),
/// else of To, Cc and Bcc.
[[nodiscard]] std::variant<draft, sendmail_fault> make_draft(const sendmail_options& options, std::string_view message,
                                                             const caller& user);

/// What goes to the daemon.
struct submission {
    mail::sender sender;  // eight_bit: the content has octets over 127
    std::vector<mail::recipient> recipients;
    std::string content;
};
[[nodiscard]] submission complete(draft message, const mail::domain& host);

}  // namespace waypost::cli
