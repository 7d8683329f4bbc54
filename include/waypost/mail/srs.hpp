// The Sender Rewriting Scheme: mail that is forwarded leaves with a reverse-path of the forwarder's own domain, so that
// the next host's SPF check (RFC 7208) asks about a domain that speaks for us; a bounce comes back to that address and
// is sent on to the first sender.
//
//     SRS0=HASH=DAY=domain=local@forwarder         local@domain, forwarded here
//     SRS1=HASH=first=rest@forwarder               SRS0rest@first, forwarded here after another forwarder
//
// HASH proves that the address was made here: anybody could send through us otherwise. It is the beginning of an
// HMAC-SHA-256, in base32 and over lower case, because hosts on the way fold the case of addresses. DAY is the day of
// forwarding, modulo 1024. A key that was replaced goes on to prove as `backup`.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "waypost/base/secret.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::mail {

struct srs_settings {
    base::secret key;
    base::secret backup;  // the key before this one; empty: none
    std::chrono::seconds ttl{std::chrono::hours(96)};  // for so long bounces come back
};

class srs {
public:
    using time = std::chrono::system_clock::time_point;

    explicit srs(srs_settings settings) : settings_(std::move(settings)) {}

    /// The reverse-path for mail that `domain` forwards. What needs none stays as it is: the null reverse-path, and
    /// senders of `domain`; so does what would become longer than an address may be.
    [[nodiscard]] reverse_path forwarded(const reverse_path& from, const domain& domain, time now) const;
    /// Where mail to this address goes back to. Nothing if it was not made by forwarded(), or too long ago.
    [[nodiscard]] std::optional<mailbox> reversed(const local_part& local_part, time now) const;

private:
    [[nodiscard]] bool proves(std::string_view hash, const std::string& text) const;

    srs_settings settings_;
};

}  // namespace waypost::mail
