// The envelopes of a transaction that is going on: one for each destination, however many recipients lead there.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "waypost/spool/message.hpp"

namespace waypost::inbound {

class delivery_list {
public:
    explicit delivery_list(std::size_t limit);

    /// All of them, or none: false when the message would have too many. An envelope to a destination that has one
    /// already adds nothing but what its recipient asked to be notified of.
    [[nodiscard]] bool add(std::vector<spool::envelope> envelopes);
    void forget_from(std::size_t first);
    [[nodiscard]] std::vector<spool::envelope> take();
    [[nodiscard]] std::size_t size() const noexcept { return envelopes_.size(); }

private:
    [[nodiscard]] std::optional<std::size_t> place_of(const spool::envelope& envelope, std::size_t hash) const;

    std::size_t limit_;
    std::vector<spool::envelope> envelopes_;
    std::unordered_multimap<std::size_t, std::size_t> places_;  // in envelopes_, by the hash of the destination
};

}  // namespace waypost::inbound
