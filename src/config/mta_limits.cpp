#include "mta_limits.hpp"

namespace waypost::config {

std::span<const mta_limit> mta_limits() {
    using limits = relay::limits;
    static constexpr mta_limit all[] = {
        {"conn-delay-connector", &limits::connector_delay}, {"conn-delay-domain", &limits::domain_delay},
        {"conn-delay-host", &limits::host_delay},           {"conn-delay-relay", &limits::relay_delay},
        {"conn-delay-route", &limits::route_delay},         {"conn-delay-source", &limits::source_delay},
        {"max-conn-per-connector", &limits::per_connector}, {"max-conn-per-domain", &limits::per_domain},
        {"max-conn-per-host", &limits::per_host},           {"max-conn-per-relay", &limits::per_relay},
        {"max-conn-per-route", &limits::per_route},         {"max-conn-per-source", &limits::per_source},
        {"max-failures-per-session", &limits::failures},    {"reconn-delay-route", &limits::reconnect_delay},
        {"session-keepalive", &limits::keepalive},          {"session-mail-max", &limits::messages},
        {"session-rcpt-max", &limits::recipients},          {"session-transaction-delay", &limits::transaction_delay},
    };
    return all;
}

}  // namespace waypost::config
