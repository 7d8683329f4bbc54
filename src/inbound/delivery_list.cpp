#include "delivery_list.hpp"

#include <algorithm>
#include <utility>

#include "same_destination.hpp"
#include "waypost/spool/ids.hpp"

namespace waypost::inbound {

delivery_list::delivery_list(std::size_t limit) : limit_(std::min<std::size_t>(limit, spool::max_recipients)) {}

/// Where the envelope is that goes to the same destination.
std::optional<std::size_t> delivery_list::place_of(const spool::envelope& envelope, std::size_t hash) const {
    const auto [first, last] = places_.equal_range(hash);
    for (auto each = first; each != last; ++each) {
        if (same_destination(envelopes_[each->second], envelope)) return each->second;
    }
    return std::nullopt;
}

bool delivery_list::add(std::vector<spool::envelope> envelopes) {
    const std::size_t before = envelopes_.size();
    std::vector<std::pair<std::size_t, mail::dsn_notify>> to_merge;  // once it is certain that all fit
    for (spool::envelope& each : envelopes) {
        const std::size_t hash = destination_hash(each);
        if (const auto place = place_of(each, hash)) {
            to_merge.emplace_back(*place, each.recipient.notify);
        } else if (envelopes_.size() == limit_) {
            forget_from(before);
            return false;
        } else {
            places_.emplace(hash, envelopes_.size());
            envelopes_.push_back(std::move(each));
        }
    }
    for (const auto& [place, notify] : to_merge) {
        mail::dsn_notify& asked = envelopes_[place].recipient.notify;
        asked = merged(asked, notify);
    }
    return true;
}

void delivery_list::forget_from(std::size_t first) {
    if (first == 0)
        places_.clear();
    else
        std::erase_if(places_, [first](const auto& entry) { return entry.second >= first; });
    envelopes_.erase(envelopes_.begin() + static_cast<std::ptrdiff_t>(first), envelopes_.end());
}

std::vector<spool::envelope> delivery_list::take() {
    places_.clear();
    return std::exchange(envelopes_, {});
}

}  // namespace waypost::inbound
