// The spool's keeper, as an interface: everything that is promised to be kept goes through these verbs.
//
// A message is inserted whole, with its envelopes, and is on stable storage when insert() answers. Changes are handed
// over and coalesced into the next commit; nobody waits for them, and they are applied in the order in which they came,
// before any later question is answered. What was handed over and not yet committed is done again after a crash, never
// lost.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/base/result.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::spool {

/// A message of at most so many envelopes for one next hop, all due at one moment, need not wait for longer ones.
inline constexpr std::size_t small_message = 20;

enum class errc { unavailable = 1, no_such_message, damaged, closed, full };
[[nodiscard]] base::error_code make_error_code(errc value) noexcept;

/// The envelope is done with (delivered, or failed and reported); the last one takes its message with it.
struct remove {
    envelope_id id;
};
/// It will be tried again.
struct defer {
    envelope_id id;
    unsigned tries = 0;
    unsigned warnings = 0;
    async::wall_time until;
    mail::status last;
    bool for_host = false;  // it waits for its host, not for its recipient: see expedite
};
/// A host works again: up to `most` envelopes of the hop that were postponed for its sake are due `now`, those first
/// that would have been due first. What was postponed for a recipient's sake keeps its time.
struct expedite {
    next_hop hop;
    async::wall_time now;
    std::size_t most = 0;
};
using change = std::variant<remove, defer, expedite>;

class store {
public:
    virtual ~store() = default;

    [[nodiscard]] virtual message_id next_message_id() = 0;
    /// Whether a message of so many octets would be taken now: where it would not, a session may say so at once.
    [[nodiscard]] virtual bool has_room(std::uint64_t /*octets*/) const { return true; }
    /// An empty content for a message that is being received.
    [[nodiscard]] virtual std::shared_ptr<content> new_content(message_id id) = 0;

    /// `entry` stays the caller's and must stay as it is until the answer. That comes before the answer to any question
    /// in which the message shows.
    virtual async::awaitable<base::result<>> insert(const queued_message& entry) = 0;
    virtual void apply(change change) = 0;
    /// The clock was set back, or may have been: what has not been tried yet is due at `now` at the latest, and so is
    /// what claims to be due after `latest`. Handed over like a change.
    virtual void correct_times(async::wall_time now, async::wall_time latest) = 0;

    /// Next hops that have envelopes due at `now`.
    virtual async::awaitable<base::result<std::vector<next_hop>>> hops_due(async::wall_time now) = 0;
    /// Next hops that have postponed envelopes whose moment came after `start`, up to `now`: costs no more than these.
    virtual async::awaitable<base::result<std::vector<next_hop>>> hops_due_since(async::wall_time start,
                                                                                 async::wall_time now) = 0;
    /// Up to `limit` envelopes of a next hop that are due at `now`, but none of `known_ids`, by message: one half is
    /// the longest due, so that nobody waits for ever; the other half is small messages, the longest due first, so that
    /// they need not wait for the long ones before them; where there are not so many of these, it goes on in order.
    /// `text` is null in each. Fewer than `limit` are all that there are.
    virtual async::awaitable<base::result<std::vector<queued_message>>> due(next_hop hop, async::wall_time now,
                                                                            std::size_t limit,
                                                                            std::vector<envelope_id> known_ids) = 0;
    /// The earliest moment after `now` at which a postponed envelope is due.
    virtual async::awaitable<base::result<std::optional<async::wall_time>>> next_due(async::wall_time now) = 0;
    virtual async::awaitable<base::result<std::shared_ptr<const content>>> load(message_id id) = 0;
    /// How many envelopes are kept.
    virtual async::awaitable<base::result<std::uint64_t>> count() = 0;
};

}  // namespace waypost::spool

template <>
struct boost::system::is_error_code_enum<waypost::spool::errc> : std::true_type {};
