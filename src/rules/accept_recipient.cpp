#include "waypost/rules/accept_recipient.hpp"

#include <algorithm>

#include "waypost/spool/expansion_notice.hpp"

namespace waypost::rules {

namespace {

spool::next_hop hop_of(const destination& to) {
    const bool by_domain = to.by->by == action::method::relay_by_domain;
    return {.action = to.by->name, .domain = by_domain ? to.to.host.text() : std::string()};
}

/// RFC 3461 section 5.2.7: an alias of one address passes on what its sender asks for; one of several is a list.
bool is_expanded(const std::vector<destination>& destinations) { return destinations.size() > 1; }

mail::dsn_notify without_success(mail::dsn_notify notify) {
    if (!notify.success) return notify;
    notify.success = false;
    notify.never = !notify.failure && !notify.delay;
    return notify;
}

spool::envelope notice_for(const mail::recipient& given, async::wall_time expires) {
    return {.id = {},
            .hop = spool::expansion_notice(),
            .to = {.to = given.to, .notify = {.specified = true, .success = true}, .original = given.original},
            .given = {},
            .user = {},
            .extension = {},
            .target = {},
            .expires = expires};
}

}  // namespace

std::vector<spool::envelope> envelopes_of(const std::vector<destination>& destinations, const facts& about,
                                          const mail::recipient& given, std::chrono::seconds ttl) {
    const bool expanded = is_expanded(destinations);
    const mail::dsn_notify notify = expanded ? without_success(given.notify) : given.notify;
    std::vector<spool::envelope> envelopes;
    envelopes.reserve(destinations.size() + 1);
    for (const destination& to : destinations) {
        envelopes.push_back(spool::envelope{.id = {},
                                            .hop = hop_of(to),
                                            .to = {.to = to.to, .notify = notify, .original = given.original},
                                            .given = to.to == given.to ? std::string() : given.to.text(),
                                            .user = to.user,
                                            .extension = to.extension,
                                            .target = to.target,
                                            .expires = about.at + to.by->ttl.value_or(ttl)});
    }
    if (expanded && given.notify.success && !about.sender.is_null()) {
        envelopes.push_back(notice_for(given, about.at + ttl));
    }
    return envelopes;
}

async::awaitable<acceptance> accept_recipient(const ruleset& rules, const facts& about, user_files& files,
                                              const mail::recipient& given, std::chrono::seconds ttl,
                                              expansion_trace* told) {
    auto found = co_await resolve(rules, about, files, told);
    if (auto* refused = std::get_if<mail::status>(&found)) co_return std::move(*refused);
    co_return envelopes_of(std::get<std::vector<destination>>(found), about, given, ttl);
}

}  // namespace waypost::rules
