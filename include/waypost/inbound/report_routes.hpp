// Where the reports of the queue go: the rules say, as for any mail made on this host.
#pragma once

#include "waypost/queue/mail_queue.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/rules/user_files.hpp"

namespace waypost::inbound {

class report_routes final : public queue::report_router {
public:
    report_routes(std::shared_ptr<const rules::ruleset> rules, rules::user_files& files, async::clock& time,
                  std::chrono::seconds ttl)
        : rules_(std::move(rules)), files_(&files), clock_(&time), ttl_(ttl) {}
    /// A report that is being routed keeps the rules that it began with.
    void apply(std::shared_ptr<const rules::ruleset> rules, std::chrono::seconds ttl) {
        rules_ = std::move(rules);
        ttl_ = ttl;
    }
    async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox recipient) override;

private:
    std::shared_ptr<const rules::ruleset> rules_;
    rules::user_files* files_;
    async::clock* clock_;
    std::chrono::seconds ttl_;
};

}  // namespace waypost::inbound
