// Who waits at a host for a place: relays that share it with others and have found it full. Bookkeeping only.
//
// Places go to those who have waited longest, so one domain with much mail cannot keep the others of its host waiting
// for ever: a session leaves after a share of messages when somebody waits where it is.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "relay.hpp"

namespace waypost::relay {

class lobby {
public:
    using visitor = std::shared_ptr<relay>;

    void wait(const visitor& who, std::span<const host> at, bool anywhere) {
        for (const host& each : at) add(waiting_[each], who);
        if (anywhere) add(anywhere_, who);
    }
    /// A connection has ended at this host: those who waited there, no longer waiting. They may come back.
    [[nodiscard]] std::vector<visitor> freed(const host& at) {
        std::vector<visitor> called = std::exchange(anywhere_, {});
        if (auto found = waiting_.extract(at)) {
            for (visitor& each : found.mapped()) add(called, each);
        }
        return called;
    }
    [[nodiscard]] bool someone_else_waits(const host& at, const relay& than) const {
        // Who waited at several hosts and has found a place at one still stands in the lists of the others.
        const auto is_other = [&](const visitor& each) {
            return each.get() != &than && each->blocked && each->wants_session();
        };
        const auto found = waiting_.find(at);
        return (found != waiting_.end() && std::ranges::any_of(found->second, is_other)) ||
               std::ranges::any_of(anywhere_, is_other);
    }
    void clear() {
        waiting_.clear();
        anywhere_.clear();
    }

private:
    static void add(std::vector<visitor>& to, const visitor& who) {
        if (std::ranges::find(to, who) == to.end()) to.push_back(who);
    }

    std::map<host, std::vector<visitor>> waiting_;
    std::vector<visitor> anywhere_;
};

}  // namespace waypost::relay
