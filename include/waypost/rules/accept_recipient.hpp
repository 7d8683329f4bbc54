// From a recipient, as somebody asks for it, to the envelopes that the spool keeps. Every way in comes through here:
// sessions, programs on this machine and our own reports; `waypost explain` asks the same question and keeps nothing.
#pragma once

#include <chrono>
#include <variant>
#include <vector>

#include "waypost/rules/expansion.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::rules {

/// The envelopes, at least one and without ids; or the status that refuses the recipient, as resolve() has it.
using acceptance = std::variant<std::vector<spool::envelope>, mail::status>;

/// `facts.recipient` is that of `recipient`. Envelopes expire `ttl` after `facts.at`, unless their action says
/// otherwise.
async::awaitable<acceptance> accept_recipient(const ruleset& rules, const envelope_context& envelope_context,
                                              user_files& files, const mail::recipient& recipient,
                                              std::chrono::seconds ttl, expansion_trace* trace = nullptr);

/// One envelope a destination. Where they are not the recipient itself, SUCCESS is answered by the notice that it was
/// expanded (RFC 3461 section 5.2.7.3) and not asked of the members: their addresses are not the sender's to know.
[[nodiscard]] std::vector<spool::envelope> envelopes_of(const std::vector<resolved_recipient>& destinations,
                                                        const envelope_context& envelope_context,
                                                        const mail::recipient& recipient, std::chrono::seconds ttl);

}  // namespace waypost::rules
