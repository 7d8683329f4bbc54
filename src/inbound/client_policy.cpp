#include "client_policy.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::inbound {

namespace {

constexpr std::chrono::milliseconds shortest_failure_delay{500};
// A guesser has to connect again for each few, where the log shows their address.
constexpr unsigned most_failed_logins = 3;

mail::status no_room() { return mail::status::of(452, "4.3.1", "Insufficient system storage"); }

}  // namespace

client_policy::client_policy(const dependencies& context, const rules::ruleset& rules,
                             const listener_settings& listener, budgets& shared, const smtp::server_session& protocol,
                             identity client)
    : context_(context),
      rules_(rules),
      listener_(listener),
      shared_(shared),
      protocol_(protocol),
      client_(std::move(client)) {}

async::awaitable<mail::status> client_policy::check_sender(const mail::sender& sender) {
    const mail::status verdict = co_await sender_verdict(sender.address, protocol_, listener_, rules_.tag_delimiter());
    if (verdict.is_success() && !context_.store.has_room(sender.declared_size.value_or(0))) co_return no_room();
    co_return verdict;
}

async::awaitable<rules::acceptance> client_policy::check_recipient(mail::recipient recipient) {
    client peer{.origin = rules::local_socket{}, .rdns = client_.rdns};
    if (client_.ip) peer.origin = *client_.ip;
    const rules::envelope_context about =
        context_of(recipient.address, peer, protocol_, listener_, context_.clock.wall());
    co_return co_await rules::accept_recipient(rules_, about, context_.files, recipient, context_.queue.settings().ttl);
}

async::awaitable<mail::status> client_policy::check_password(smtp::credentials credentials) {
    const std::string user = base::printable(credentials.user, 64);
    const auto verdict = co_await verdict_of(std::move(credentials));
    if (!verdict) {
        // The password is not looked at, so a guesser learns nothing from it.
        log_login(observe::level::warn, user, "tempfail");
        co_return mail::status::of(454, "4.7.0", "Too many logins at this time, try again later");
    }
    switch (*verdict) {
        case password_verdict::right: log_login(observe::level::info, user, "ok"); co_return mail::status();
        case password_verdict::could_not_ask:
            log_login(observe::level::warn, user, "tempfail");
            co_return mail::status::of(454, "4.7.0", "Temporary authentication failure");
        case password_verdict::wrong: break;
    }
    context_.log.warn("smtp", "authentication",
                      {{"session", client_.session_id},
                       {"address", client_.address},
                       {"user", user},
                       {"result", "permfail"},
                       {"failures", ++failed_logins_}});
    co_await context_.clock.sleep_for(shortest_failure_delay);
    if (failed_logins_ >= most_failed_logins) co_return mail::status::of(421, "4.7.0", "Too many failed logins");
    co_return mail::status::of(535, "5.7.8", "Authentication failed");
}

/// Nothing when there are too many logins. A table that takes its time holds no place of the line.
async::awaitable<std::optional<password_verdict>> client_policy::verdict_of(smtp::credentials credentials) {
    if (listener_.passwords == nullptr) co_return password_verdict::could_not_ask;
    auto stored = co_await find_password(*listener_.passwords, credentials.user);
    if (stored.has_error()) co_return password_verdict::could_not_ask;
    const auto place = co_await shared_.logins.join(client_.ip, context_.clock);
    if (!place) co_return std::nullopt;
    co_return co_await verify_password(std::move(*stored), std::move(credentials.password), shared_.logins.hashing());
}

void client_policy::log_login(observe::level level, const std::string& user, std::string_view result) const {
    if (!context_.log.wants(level)) return;
    context_.log.write(
        level, "smtp", "authentication",
        {{"session", client_.session_id}, {"address", client_.address}, {"user", user}, {"result", result}});
}

}  // namespace waypost::inbound
