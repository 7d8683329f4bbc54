// The schemes of relay URLs.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "waypost/mail/relay_url.hpp"

namespace waypost::mail {

enum class label_rule { refused, allowed, demanded };

struct scheme {
    std::string_view name;
    transport_security security;
    label_rule label;
    bool lmtp = false;
};

// The first of each way is the canonical one. A label goes with a way that cannot end up in clear text, and no other.
inline constexpr std::array schemes = {
    scheme{"smtp", transport_security::opportunistic, label_rule::refused},
    scheme{"smtp+tls", transport_security::starttls, label_rule::allowed},
    scheme{"smtp+notls", transport_security::never, label_rule::refused},
    scheme{"smtps", transport_security::implicit, label_rule::allowed},
    scheme{"lmtp", transport_security::opportunistic, label_rule::refused, true},
    scheme{"tls", transport_security::starttls, label_rule::allowed},
    scheme{"tls+auth", transport_security::starttls, label_rule::demanded},
    scheme{"smtps+auth", transport_security::implicit, label_rule::demanded},
    scheme{"ssl", transport_security::implicit_or_starttls, label_rule::allowed},
    scheme{"ssl+auth", transport_security::implicit_or_starttls, label_rule::demanded},
};

/// What to write instead of a scheme that is none of them.
[[nodiscard]] std::string suggest_scheme(std::string_view name);

}  // namespace waypost::mail
