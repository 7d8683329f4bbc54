#include "splitting.hpp"

#include <algorithm>
#include <set>

namespace waypost::relay {

namespace {

/// 552 is what RFC 821 had for it. An enhanced code that names another reason (a full mailbox) is believed.
bool is_too_many(const mail::status& said) {
    if (said.code() != 452 && said.code() != 552) return false;
    const mail::enhanced_code& why = said.enhanced();
    return why.klass == 0 || (why.subject == 5 && why.detail == 3);
}

/// Takes from `what` the envelopes for which `stays` is false.
queue::task split(queue::task& what, const std::function<bool(const spool::envelope&)>& stays) {
    queue::task rest{what.about, {}};
    std::vector<spool::envelope> kept;
    for (spool::envelope& each : what.envelopes) (stays(each) ? kept : rest.envelopes).push_back(std::move(each));
    what.envelopes = std::move(kept);
    return rest;
}

}  // namespace

queue::task split_by_domain(queue::task& what, std::size_t domains) {
    std::set<std::string> seen;
    return split(what, [&](const spool::envelope& each) {
        const std::string& domain = each.to.to.host.text();
        return seen.contains(domain) || (seen.size() < domains && seen.insert(domain).second);
    });
}

queue::task split_by_sender(queue::task& what,
                            const std::function<mail::reverse_path(const spool::envelope&)>& sender_of) {
    const mail::reverse_path first = sender_of(what.envelopes.front());
    return split(what, [&](const spool::envelope& each) { return sender_of(each) == first; });
}

queue::task split_for_room(queue::task& what, const std::vector<mail::status>& each,
                           const std::function<void(const spool::envelope&, const mail::status&)>& tell) {
    queue::task rest{what.about, {}};
    const bool some_taken = std::ranges::any_of(each, [](const mail::status& said) { return said.is_success(); });
    for (std::size_t i = 0; i < what.envelopes.size(); ++i) {
        if (some_taken && is_too_many(each[i])) {
            rest.envelopes.push_back(std::move(what.envelopes[i]));
        } else {
            tell(what.envelopes[i], each[i]);
        }
    }
    return rest;
}

}  // namespace waypost::relay
