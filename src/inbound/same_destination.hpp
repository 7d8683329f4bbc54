// Whether two envelopes of one message would put it into the same place twice.
#pragma once

#include <cstddef>

#include "waypost/spool/message.hpp"

namespace waypost::inbound {

/// Same action, same address after expansion, same user, same file or command. Addresses of users of this machine are
/// the same whatever their case; those of other hosts only if their local-parts are equal, octet by octet (RFC 5321
/// section 2.4).
[[nodiscard]] bool same_destination(const spool::envelope& envelope, const spool::envelope& right);
/// Equal for two that are the same.
[[nodiscard]] std::size_t destination_hash(const spool::envelope& envelope);

/// What two recipients of one destination asked to be told of, together.
[[nodiscard]] mail::dsn_notify merged(const mail::dsn_notify& first, const mail::dsn_notify& second);

}  // namespace waypost::inbound
