// The reverse-path with which a message leaves: as it came, or as its action wants it. Pure.
#pragma once

#include "waypost/relay/settings.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::relay {

/// `mail-from` replaces its part; `srs` (mail/srs.hpp) speaks for what an alias or a .forward sends on, in the name of
/// the domain to which it first came. The null reverse-path stays: a report must not get one.
[[nodiscard]] mail::reverse_path sender_of(const spool::message& message, const spool::envelope& envelope,
                                           const action_settings& settings, async::wall_time now);

}  // namespace waypost::relay
