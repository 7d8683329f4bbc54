// How much of what is due is in memory, next hop by next hop. Bookkeeping only: it asks no store and starts nothing.
//
// A hop has a window. What does not fit stays on disk, and then what comes later stays there too; when the window is
// half empty the hop is due for a refill from the store. All hops share a total: when that is used up each hop gets a
// small share only, so that a few slow hops cannot hold up the rest, and at several times the total none gets any.
//
// A hop also has a reserve, a quarter of its window, for small mail that comes while others fill the window or wait on
// disk: a letter does not wait for a mailing list. Mail in the reserve does not count for the window, so however much
// small mail comes, the window empties and is refilled. (What small mail waits on disk is the store's to find:
// spool::store::due.)
//
// Invariant: an envelope is in flight at most once. An answer of the store may be on its way while envelopes end or are
// admitted, and be about a moment when they had not been; so the question names those in flight, and what is admitted
// while it runs is remembered until its answer.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "waypost/spool/store.hpp"

namespace waypost::queue {

/// What to ask the store: up to `limit` envelopes of `hop`, without those that were in flight already.
struct refill_order {
    spool::next_hop hop;
    std::size_t limit = 0;
    std::vector<spool::envelope_id> known_ids;
};

class windows {
public:
    struct limits {
        std::size_t window = 1000;
        std::size_t total = 20'000;
        std::size_t refills = 16;  // at a time
    };

    explicit windows(limits limits) : limits_(limits) {}
    void set_limits(limits limits) noexcept { limits_ = limits; }

    /// One message that came just now: as many of the envelopes as there is room for are in flight from now on and come
    /// back; the rest is on disk.
    [[nodiscard]] std::vector<spool::envelope> admit(const spool::next_hop& hop, std::vector<spool::envelope> fresh);
    /// Not in flight any more. False if it was not: then nothing happens.
    bool complete(const spool::envelope& envelope);
    [[nodiscard]] bool in_flight(const spool::envelope& envelope) const;
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] std::size_t in_flight(const spool::next_hop& hop) const;
    /// Hops that something is known of: none that has neither mail in flight nor mail on disk that is due.
    [[nodiscard]] std::size_t hops() const noexcept { return hops_.size(); }

    struct load {
        std::size_t in_flight = 0;
        bool more_on_disk = false;  // that is due
    };
    [[nodiscard]] std::map<spool::next_hop, load> loads() const;

    /// The store has due mail of this hop.
    void on_disk(const spool::next_hop& hop);
    /// The refill to begin with now, if any. It counts as running until filled() or not_filled().
    [[nodiscard]] std::optional<refill_order> next_refill();
    /// The store's answer. What comes back is in flight from now on.
    [[nodiscard]] std::vector<spool::queued_message> filled(const refill_order& order,
                                                            std::vector<spool::queued_message> entries);
    /// The store had no answer: the hop is due for a refill again.
    void not_filled(const refill_order& order);

private:
    enum class place { window, reserve };
    struct state {
        std::unordered_map<spool::envelope_id, place> in_flight;
        std::size_t in_reserve = 0;
        std::unordered_set<spool::envelope_id> admitted_meanwhile;  // since the question of the refill
        bool more_on_disk = false;
        bool waits_for_refill = false;
        bool refilling = false;
    };
    using entry = std::pair<const spool::next_hop, state>;

    [[nodiscard]] std::size_t share() const;
    [[nodiscard]] std::size_t room_in_window(const state& hop) const;
    [[nodiscard]] std::size_t room_in_reserve(const state& hop) const;
    void depart(state& hop, spool::envelope_id id, place place);
    void look_at(entry& hop);
    void end_refill(const refill_order& order);

    limits limits_;
    std::map<spool::next_hop, state> hops_;
    std::size_t in_flight_ = 0;  // of all hops
    std::deque<spool::next_hop> waiting_;  // for a refill
    std::size_t refilling_ = 0;
};

}  // namespace waypost::queue
