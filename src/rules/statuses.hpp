// What expansion says to clients, in one place. README.md has the table of them.
#pragma once

#include "waypost/mail/status.hpp"

namespace waypost::rules {

inline mail::status could_not_ask() { return mail::status::transient("4.3.0", "Temporary failure, try again later"); }
inline mail::status rejected() { return mail::status::permanent("5.7.1", "Rejected by policy"); }
inline mail::status no_rule(bool is_local_domain) {
    return mail::status::permanent("5.7.1", is_local_domain ? "Recipient not accepted here" : "Relaying denied");
}
inline mail::status unknown_user() { return mail::status::permanent("5.1.1", "No such user here"); }
inline mail::status no_forward() {
    return mail::status::of(450, "4.2.0", "Mail for this user cannot be forwarded now");
}

inline mail::status looped() { return mail::status::of(524, "5.4.6", "Mailing list expansion problem: a loop"); }
inline mail::status not_expanded() { return mail::status::of(524, "5.2.4", "Mailing list expansion problem"); }
inline mail::status empty() { return mail::status::of(524, "5.2.4", "Mailing list expansion problem: it is empty"); }
inline mail::status too_large() {
    return mail::status::of(524, "5.2.4", "Mailing list expansion problem: it is too large");
}
/// A .forward is its owner's to mend, so his mail waits for that.
inline mail::status forward_too_large() {
    return mail::status::transient("4.2.4", "Mailing list expansion problem: it is too large");
}
inline mail::status not_allowed() { return mail::status::transient("4.3.5", "Expansion is not allowed here"); }
inline mail::status unreadable() { return mail::status::transient("4.3.5", "Expansion cannot be understood"); }

}  // namespace waypost::rules
