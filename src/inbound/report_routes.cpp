#include "waypost/inbound/report_routes.hpp"

#include "waypost/rules/accept_recipient.hpp"

namespace waypost::inbound {

async::awaitable<base::result<std::vector<spool::envelope>>> report_routes::route(mail::mailbox recipient) {
    const rules::envelope_context about{.origin = rules::made_here{},
                                        .tag = {},
                                        .helo = {},
                                        .user = {},
                                        .tls = false,
                                        .sender = {},
                                        .recipient = recipient,
                                        .time = clock_->wall(),
                                        .rdns = {}};
    const mail::recipient report_to{.address = recipient, .notify = {.specified = true, .never = true}, .original = {}};
    const std::shared_ptr<const rules::ruleset> rules = rules_;
    auto accepted = co_await rules::accept_recipient(*rules, about, *files_, report_to, ttl_);
    if (const auto* refused = std::get_if<mail::status>(&accepted)) {
        // A table that cannot be asked now may answer later; a refusal by the rules stays one.
        if (refused->is_transient()) co_return spool::errc::unavailable;
        co_return std::vector<spool::envelope>();
    }
    co_return std::get<std::vector<spool::envelope>>(std::move(accepted));
}

}  // namespace waypost::inbound
