#include "waypost/inbound/report_routes.hpp"

#include "waypost/inbound/envelopes.hpp"
#include "waypost/rules/expansion.hpp"

namespace waypost::inbound {

async::awaitable<base::result<std::vector<spool::envelope>>> report_routes::route(mail::mailbox to) {
    const rules::facts about{.from = rules::made_here{},
                             .tag = {},
                             .helo = {},
                             .user = {},
                             .tls = false,
                             .sender = {},
                             .recipient = to,
                             .at = clock_->wall(),
                             .rdns = {}};
    const auto found = co_await rules::resolve(*rules_, about, *files_);
    const auto* destinations = std::get_if<std::vector<rules::destination>>(&found);
    if (destinations == nullptr) {
        // A table that cannot be asked now may answer later; a refusal by the rules stays one.
        if (std::get<mail::status>(found).is_transient()) co_return spool::errc::unavailable;
        co_return std::vector<spool::envelope>();
    }
    const mail::recipient report_to{.to = to, .notify = {.specified = true, .never = true}, .original = {}};
    co_return envelopes_of(*destinations, report_to, clock_->wall(), ttl_);
}

}  // namespace waypost::inbound
