// What an expansion has come to: destinations, one copy for each mailbox, and what failed.
//
// A branch that fails for good leaves the others alone; one that fails for now fails the whole, because the mail that
// it would have carried must not be lost.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "waypost/rules/expansion.hpp"

namespace waypost::rules {

class resolution_builder {
public:
    /// False if it is there already, however it was reached then.
    bool add(resolved_recipient resolved_recipient);
    void branch_failed(const mail::status& reason);
    void whole_failed(mail::status reason) { whole_failed_ = std::move(reason); }
    /// Nothing that follows can change it.
    [[nodiscard]] bool is_final() const noexcept { return whole_failed_.has_value(); }
    /// To be called once, when there is nothing left to follow.
    [[nodiscard]] resolution take();

private:
    std::vector<resolved_recipient> destinations_;
    std::set<std::tuple<const action*, std::string, std::string>> places_;
    std::optional<mail::status> branch_failed_;  // the first that did
    std::optional<mail::status> whole_failed_;
};

}  // namespace waypost::rules
