#include "waypost/rules/accept_recipient.hpp"

#include <algorithm>

#include "waypost/spool/expansion_notice.hpp"

namespace waypost::rules {

namespace {

spool::next_hop hop_of(const resolved_recipient& resolved_recipient) {
    const bool by_domain = resolved_recipient.action->kind == action::method::relay_by_domain;
    return {.action = resolved_recipient.action->name,
            .domain = by_domain ? resolved_recipient.recipient.host.text() : std::string()};
}

/// RFC 3461 section 5.2.7: an alias of one address passes on what its sender asks for; one of several is a list.
bool is_expanded(const std::vector<resolved_recipient>& destinations) { return destinations.size() > 1; }

mail::dsn_notify without_success(mail::dsn_notify notify) {
    if (!notify.success) return notify;
    notify.success = false;
    notify.never = !notify.failure && !notify.delay;
    return notify;
}

spool::envelope notice_for(const mail::recipient& recipient, async::wall_time expires) {
    return {.id = {},
            .hop = spool::expansion_notice(),
            .recipient = {.address = recipient.address,
                          .notify = {.specified = true, .success = true},
                          .original = recipient.original},
            .original = {},
            .user = {},
            .extension = {},
            .target = {},
            .expires = expires};
}

}  // namespace

std::vector<spool::envelope> envelopes_of(const std::vector<resolved_recipient>& destinations,
                                          const envelope_context& envelope_context, const mail::recipient& recipient,
                                          std::chrono::seconds ttl) {
    const bool expanded = is_expanded(destinations);
    const mail::dsn_notify notify = expanded ? without_success(recipient.notify) : recipient.notify;
    std::vector<spool::envelope> envelopes;
    envelopes.reserve(destinations.size() + 1);
    for (const resolved_recipient& to : destinations) {
        envelopes.push_back(
            spool::envelope{.id = {},
                            .hop = hop_of(to),
                            .recipient = {.address = to.recipient, .notify = notify, .original = recipient.original},
                            .original = to.recipient == recipient.address ? std::string() : recipient.address.text(),
                            .user = to.user,
                            .extension = to.extension,
                            .target = to.target,
                            .expires = envelope_context.time + to.action->ttl.value_or(ttl)});
    }
    if (expanded && recipient.notify.success && !envelope_context.sender.is_null()) {
        envelopes.push_back(notice_for(recipient, envelope_context.time + ttl));
    }
    return envelopes;
}

async::awaitable<acceptance> accept_recipient(const ruleset& rules, const envelope_context& envelope_context,
                                              user_files& files, const mail::recipient& recipient,
                                              std::chrono::seconds ttl, expansion_trace* trace) {
    auto found = co_await resolve(rules, envelope_context, files, trace);
    if (auto* refused = std::get_if<mail::status>(&found)) co_return std::move(*refused);
    co_return envelopes_of(std::get<std::vector<resolved_recipient>>(found), envelope_context, recipient, ttl);
}

}  // namespace waypost::rules
