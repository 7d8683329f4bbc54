// The idle sessions of all relays by the host where each holds a place, the longest idle first.
#pragma once

#include <cstdint>
#include <map>

#include "relay_queue.hpp"

namespace waypost::relay {

class idle_places {
public:
    /// Stands in the list for as long as it lives.
    class entry {
    public:
        entry(idle_places& places, relay_queue& owner, idle_session& session)
            : places_(places), host_(session.server), number_(++places.last_) {
            places_.by_host_[host_].emplace(number_, place{owner, session});
        }
        ~entry() { places_.remove(host_, number_); }
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

    private:
        idle_places& places_;
        const host host_;
        const std::uint64_t number_;
    };

    /// Sends one of another relay away from this host, if there is one.
    void dismiss_one_at(const host& host, const relay_queue& asking_relay) {
        const auto here = by_host_.find(host);
        if (here == by_host_.end()) return;
        for (auto each = here->second.begin(); each != here->second.end();) {
            const place one = each->second;
            if (one.session.waiting && &one.owner == &asking_relay) {
                ++each;
                continue;
            }
            // It goes, or has gone to work: the next who looks need not see it again.
            each = here->second.erase(each);
            if (!one.session.waiting) continue;
            one.owner.dismiss(one.session);
            break;
        }
        if (here->second.empty()) by_host_.erase(here);
    }

private:
    struct place {
        relay_queue& owner;
        idle_session& session;
    };
    void remove(const host& host, std::uint64_t number) {
        const auto here = by_host_.find(host);
        if (here == by_host_.end()) return;
        here->second.erase(number);
        if (here->second.empty()) by_host_.erase(here);
    }

    std::map<host, std::map<std::uint64_t, place>> by_host_;
    std::uint64_t last_ = 0;
};

}  // namespace waypost::relay
