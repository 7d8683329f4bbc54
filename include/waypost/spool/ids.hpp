// Names of messages and envelopes, unique for the life of a queue.
//
// A message id has 43 bits: tenths of milliseconds since 2026, or one more than the last where that is not past it yet,
// so ids grow with time and new rows go to the end of the database. An envelope id is its message's id and 20 bits of
// recipient number: printed, the first 11 of its 16 hexadecimal digits are the message's.
#pragma once

#include <cstdint>
#include <string>

#include "waypost/base/encoding.hpp"
#include "waypost/base/strong.hpp"

namespace waypost::spool {

using message_id = base::strong<std::uint64_t, struct message_id_tag>;
using envelope_id = base::strong<std::uint64_t, struct envelope_id_tag>;

inline constexpr unsigned recipient_bits = 20;
inline constexpr std::uint64_t max_recipients = 1ULL << recipient_bits;

[[nodiscard]] constexpr envelope_id envelope_of(message_id message, std::uint64_t recipient) noexcept {
    return envelope_id((message.value() << recipient_bits) | recipient);
}
[[nodiscard]] constexpr message_id message_of(envelope_id envelope) noexcept {
    return message_id(envelope.value() >> recipient_bits);
}
[[nodiscard]] inline std::string to_string(message_id id) { return base::hex(id.value(), 11); }
[[nodiscard]] inline std::string to_string(envelope_id id) { return base::hex(id.value(), 16); }

}  // namespace waypost::spool
