// What a server's EHLO reply offers (RFC 5321 section 4.1.1.1). Unknown keywords and nonsense parameters are passed
// over.
#pragma once

#include <cstdint>
#include <optional>

#include "waypost/smtp/reply.hpp"

namespace waypost::smtp {

struct extensions {
    bool pipelining = false;
    bool eight_bit_mime = false;
    bool dsn = false;
    bool starttls = false;
    bool enhanced_status_codes = false;
    bool auth_plain = false;
    bool auth_login = false;
    bool auth_offered = false;            // any mechanism at all
    bool size = false;
    std::optional<std::uint64_t> max_size;  // SIZE with a number other than 0
    bool chunking = false;                  // BDAT (RFC 3030)
    // LIMITS (RFC 9422): what one session and one transaction may hold; nothing where the server names no such limit.
    std::optional<std::uint64_t> max_mails;
    std::optional<std::uint64_t> max_recipients;
    std::optional<std::uint64_t> max_recipient_domains;
};
[[nodiscard]] extensions parse_extensions(const reply& ehlo);

}  // namespace waypost::smtp
