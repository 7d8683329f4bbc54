#include "same_destination.hpp"

#include <functional>

#include "waypost/base/ascii.hpp"

namespace waypost::inbound {

namespace {

bool is_local(const spool::envelope& envelope) { return !envelope.user.empty() || !envelope.target.empty(); }

}  // namespace

bool same_destination(const spool::envelope& envelope, const spool::envelope& right) {
    if (envelope.hop != right.hop || envelope.user != right.user || envelope.extension != right.extension ||
        envelope.target != right.target) {
        return false;
    }
    return is_local(envelope) ? base::iequals(envelope.recipient.address.text(), right.recipient.address.text())
                              : envelope.recipient.address == right.recipient.address;
}

std::size_t destination_hash(const spool::envelope& envelope) {
    std::string all = envelope.hop.action + '\0' + envelope.user + '\0' + envelope.target + '\0' +
                      base::to_lower(envelope.recipient.address.text());
    return std::hash<std::string>()(all);
}

mail::dsn_notify merged(const mail::dsn_notify& first, const mail::dsn_notify& second) {
    if (first.never || first == second) return second;
    if (second.never) return first;
    // Without NOTIFY a sender hears of failures and delays.
    const auto spelled_out = [](mail::dsn_notify requested) {
        if (!requested.specified) requested = {.specified = true, .failure = true, .delay = true};
        return requested;
    };
    const mail::dsn_notify a = spelled_out(first);
    const mail::dsn_notify b = spelled_out(second);
    return {.specified = true,
            .success = a.success || b.success,
            .failure = a.failure || b.failure,
            .delay = a.delay || b.delay};
}

}  // namespace waypost::inbound
