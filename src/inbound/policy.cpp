#include "waypost/inbound/policy.hpp"

#include <algorithm>

#include "waypost/base/ascii.hpp"
#include "waypost/table/services.hpp"

namespace waypost::inbound {

namespace {

bool lists(std::string_view row, const std::string& address, table::mailaddr service_type) {
    const std::vector<std::string> candidates = service_type.candidates(address);
    for (const std::string_view part : base::split(row, ',')) {
        const std::string listed = base::to_lower(base::trim(part));
        if (listed.empty()) continue;
        if (std::ranges::find(candidates, listed) != candidates.end()) return true;
        if (service_type.covers(listed, address)) return true;
    }
    return false;
}

}  // namespace

rules::envelope_context context_of(const mail::mailbox& recipient, const client& peer,
                                   const smtp::server_session& conversation, const listener_settings& listener,
                                   async::wall_time now) {
    return {.origin = peer.origin,
            .tag = listener.tag,
            .helo = conversation.helo(),
            .user = conversation.authenticated_user(),
            .tls = conversation.tls_active(),
            .sender = conversation.sender().address,
            .recipient = recipient,
            .time = now,
            .rdns = peer.rdns};
}

async::awaitable<mail::status> sender_verdict(const mail::reverse_path& reverse_path,
                                              const smtp::server_session& conversation,
                                              const listener_settings& listener, char tag_delimiter) {
    const std::string& user = conversation.authenticated_user();
    if (listener.senders == nullptr || user.empty()) co_return mail::status();
    co_return co_await sender_verdict(*listener.senders, user, reverse_path, tag_delimiter);
}

async::awaitable<mail::status> sender_verdict(table::table& senders, std::string user, mail::reverse_path reverse_path,
                                              char tag_delimiter) {
    const auto row = co_await table::find<table::mailaddrmap>(senders, std::move(user));
    if (row.has_error()) co_return mail::status::of(451, "4.4.3", "Cannot look up who may send as this");
    if (row->has_value() && lists(**row, reverse_path.text(), {tag_delimiter})) co_return mail::status();
    co_return mail::status::of(550, "5.7.1", "You may not send as this address");
}

}  // namespace waypost::inbound
