#include "same_destination.hpp"

#include <functional>

#include "waypost/base/ascii.hpp"

namespace waypost::inbound {

namespace {

bool is_local(const spool::envelope& one) { return !one.user.empty() || !one.target.empty(); }

}  // namespace

bool same_destination(const spool::envelope& one, const spool::envelope& other) {
    if (one.hop != other.hop || one.user != other.user || one.extension != other.extension ||
        one.target != other.target) {
        return false;
    }
    return is_local(one) ? base::iequals(one.to.to.text(), other.to.to.text()) : one.to.to == other.to.to;
}

std::size_t destination_hash(const spool::envelope& of) {
    std::string all = of.hop.action + '\0' + of.user + '\0' + of.target + '\0' + base::to_lower(of.to.to.text());
    return std::hash<std::string>()(all);
}

mail::dsn_notify merged(const mail::dsn_notify& one, const mail::dsn_notify& other) {
    if (one.never || one == other) return other;
    if (other.never) return one;
    // Without NOTIFY a sender hears of failures and delays.
    const auto spelled_out = [](mail::dsn_notify asked) {
        if (!asked.specified) asked = {.specified = true, .failure = true, .delay = true};
        return asked;
    };
    const mail::dsn_notify a = spelled_out(one);
    const mail::dsn_notify b = spelled_out(other);
    return {.specified = true,
            .success = a.success || b.success,
            .failure = a.failure || b.failure,
            .delay = a.delay || b.delay};
}

}  // namespace waypost::inbound
