// Questions on their way: one that has been answered comes from the cache, one that is being asked is shared, and only
// then is a server asked.
//
// Who shares a question and is cancelled leaves it to the others. Held by shared_ptr, because answers find their way
// back here by a weak one.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "answer_cache.hpp"
#include "name_servers.hpp"

namespace waypost::dns {

class lookups : public std::enable_shared_from_this<lookups> {
public:
    /// Throws std::runtime_error.
    lookups(const async::executor& executor, const async::clock& clock, const resolver_settings& settings);

    /// Never waits; question::wait() does.
    [[nodiscard]] std::shared_ptr<question> ask(const std::string& name, record_type type);

private:
    /// The channel to ask through. Other servers may know other answers, so what the former ones said is forgotten.
    channel& servers();
    void answered(const std::string& key, record_type type, const answer_ptr& answer);

    async::executor executor_;
    const async::clock& clock_;
    answer_cache cache_;
    std::unordered_map<std::string, std::weak_ptr<question>> under_way_;
    name_servers servers_;
    const channel* last_ = nullptr;
    unsigned world_ = 0;  // counts how often the servers have changed
};

}  // namespace waypost::dns
