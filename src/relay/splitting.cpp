#include "splitting.hpp"

#include <algorithm>
#include <set>

namespace waypost::relay {

namespace {

/// 552 is what RFC 821 had for it. An enhanced code that names another reason (a full mailbox) is believed.
bool is_too_many(const mail::status& status) {
    if (status.code() != 452 && status.code() != 552) return false;
    const mail::enhanced_code& why = status.enhanced();
    return why.klass == 0 || (why.subject == 5 && why.detail == 3);
}

/// Takes from `task` the envelopes for which `stays` is false.
queue::queued_message split(queue::queued_message& task, const std::function<bool(const spool::envelope&)>& stays) {
    queue::queued_message rest{task.message, {}};
    std::vector<spool::envelope> kept;
    for (spool::envelope& each : task.envelopes) (stays(each) ? kept : rest.envelopes).push_back(std::move(each));
    task.envelopes = std::move(kept);
    return rest;
}

}  // namespace

queue::queued_message split_by_domain(queue::queued_message& task, std::size_t domains) {
    std::set<std::string> seen;
    return split(task, [&](const spool::envelope& envelope) {
        const std::string& domain = envelope.recipient.address.host.text();
        return seen.contains(domain) || (seen.size() < domains && seen.insert(domain).second);
    });
}

queue::queued_message split_by_sender(queue::queued_message& task,
                                      const std::function<mail::reverse_path(const spool::envelope&)>& sender_of) {
    const mail::reverse_path first = sender_of(task.envelopes.front());
    return split(task, [&](const spool::envelope& envelope) { return sender_of(envelope) == first; });
}

queue::queued_message split_for_room(queue::queued_message& task, const std::vector<mail::status>& statuses,
                                     const std::function<void(const spool::envelope&, const mail::status&)>& tell) {
    queue::queued_message rest{task.message, {}};
    const bool some_taken =
        std::ranges::any_of(statuses, [](const mail::status& status) { return status.is_success(); });
    for (std::size_t i = 0; i < task.envelopes.size(); ++i) {
        if (some_taken && is_too_many(statuses[i])) {
            rest.envelopes.push_back(std::move(task.envelopes[i]));
        } else {
            tell(task.envelopes[i], statuses[i]);
        }
    }
    return rest;
}

}  // namespace waypost::relay
