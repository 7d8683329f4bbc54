#include "waypost/inbound/envelopes.hpp"

namespace waypost::inbound {

namespace {

spool::next_hop hop_of(const rules::destination& to) {
    const bool by_domain = to.by->by == rules::action::method::relay_by_domain;
    return {.action = to.by->name, .domain = by_domain ? to.to.host.text() : std::string()};
}

}  // namespace

std::vector<spool::envelope> envelopes_of(const std::vector<rules::destination>& destinations,
                                          const mail::recipient& given, async::wall_time now,
                                          std::chrono::seconds ttl) {
    std::vector<spool::envelope> envelopes;
    envelopes.reserve(destinations.size());
    for (const rules::destination& to : destinations) {
        envelopes.push_back(spool::envelope{.id = {},
                                            .hop = hop_of(to),
                                            .to = {.to = to.to, .notify = given.notify, .original = given.original},
                                            .given = to.to == given.to ? std::string() : given.to.text(),
                                            .user = to.user,
                                            .extension = to.extension,
                                            .target = to.target,
                                            .expires = now + to.by->ttl.value_or(ttl)});
    }
    return envelopes;
}

}  // namespace waypost::inbound
