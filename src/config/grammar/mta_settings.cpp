// mta limit [for domain D] KEY N ...      also in braces
// mta max-deferred N
#include <utility>

#include "settings.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::config {
namespace {

using relay::limits;

/// The families that a directive names are those that are allowed, both where it names both.
void read_family(cursor&, limits_reading& reading, const token& word) {
    if (!std::exchange(reading.names_family, true)) reading.limits.inet4 = reading.limits.inet6 = false;
    (word.is_word("inet4") ? reading.limits.inet4 : reading.limits.inet6) = true;
}

/// Both that are allowed, if it is not the usual ones.
void print_families(const limits_reading& reading, const limits_reading& usual, std::vector<std::string>& pieces) {
    if (reading.limits.inet4 == usual.limits.inet4 && reading.limits.inet6 == usual.limits.inet6) return;
    if (reading.limits.inet4) pieces.emplace_back("inet4");
    if (reading.limits.inet6) pieces.emplace_back("inet6");
}

void read_window(cursor& cursor, limits_reading& reading, const token& word) {
    if (reading.is_for_domain) cursor.fail(word, "\"task-hiwat\" for one domain is not built yet");
    reading.window = count{"a number of envelopes"}.read(cursor);
}

void refuse_task_limit(cursor& cursor, limits_reading&, const token& word) {
    cursor.fail(word, cursor.show(word) + " has no meaning here",
                "remove it: a window is filled again when half of it is gone");
}

template <auto Member>
constexpr auto in_limits = field<&limits_reading::limits, Member>;
constexpr count number{"a number"};

constexpr option<limits_reading> limit_options[] = {
    {"inet4", custom{&read_family, &print_families}, "connect over IPv4, and over IPv6 only if inet6 stands there too"},
    {"inet6", custom{&read_family}, "connect over IPv6, and over IPv4 only if inet4 stands there too"},
    {"conn-delay-connector", setting{in_limits<&limits::connector_delay>, pause()},
     "between two connections of a relay from one source address"},
    {"conn-delay-domain", setting{in_limits<&limits::domain_delay>, pause()}, "between two connections for a domain"},
    {"conn-delay-host", setting{in_limits<&limits::host_delay>, pause()}, "between two connections to a host"},
    {"conn-delay-relay", setting{in_limits<&limits::relay_delay>, pause()}, "between two connections of a relay"},
    {"conn-delay-route", setting{in_limits<&limits::route_delay>, pause()},
     "between two connections from one source address to a host"},
    {"conn-delay-source", setting{in_limits<&limits::source_delay>, pause()},
     "between two connections from one source address"},
    {"max-conn-per-connector", setting{in_limits<&limits::per_connector>, number},
     "connections at a time of a relay from one source address"},
    {"max-conn-per-domain", setting{in_limits<&limits::per_domain>, number}, "connections at a time for a domain"},
    {"max-conn-per-host", setting{in_limits<&limits::per_host>, number}, "connections at a time to a host"},
    {"max-conn-per-relay", setting{in_limits<&limits::per_relay>, number}, "connections at a time of a relay"},
    {"max-conn-per-route", setting{in_limits<&limits::per_route>, number},
     "connections at a time from one source address to a host"},
    {"max-conn-per-source", setting{in_limits<&limits::per_source>, number},
     "connections at a time from one source address"},
    {"max-failures-per-session", setting{in_limits<&limits::failures>, number},
     "recipients that a host refuses in a row, before the connection is closed"},
    {"reconn-delay-route", setting{in_limits<&limits::reconnect_delay>, pause()},
     "after a connection was closed, before the next from the same source address to the same host"},
    {"session-keepalive", setting{in_limits<&limits::keepalive>, pause()},
     "how long an idle connection waits for more mail"},
    {"session-mail-max", setting{in_limits<&limits::messages>, number}, "messages of a connection"},
    {"session-rcpt-max", setting{in_limits<&limits::recipients>, number}, "recipients of a message in a transaction"},
    {"session-transaction-delay", setting{in_limits<&limits::transaction_delay>, pause()},
     "between two messages of a connection"},
    {"task-hiwat", custom<limits_reading>{&read_window, nullptr, "1..1000000"},
     "envelopes for one next hop that are kept in memory; not for one domain"},
    {"task-lowat", custom{&refuse_task_limit}},
    {"task-release", custom{&refuse_task_limit}},
};

void read_limits(cursor& cursor, model& model, const token&) {
    relay::limit_book& book = model.relay.limits;
    relay::limits* target = &book.general;
    if (cursor.skip_word("for")) {
        cursor.expect_word("domain", "mta limit for domain example.org max-conn-per-host 5");
        const std::string domain = base::to_lower(domain_name{"a domain"}.read(cursor).text);
        target = &book.by_domain.try_emplace(domain, book.general).first->second;
    }
    const std::string_view kind = "limit of \"mta\"";
    if (cursor.at_line_end()) cursor.fail_unexpected(cursor.peek(), "a " + std::string(kind));
    limits_reading reading{.limits = *target, .is_for_domain = target != &book.general};
    read_options<limits_reading>(cursor, reading, limit_options, kind, layout::listing);
    *target = reading.limits;
    if (reading.window) model.queue.window = *reading.window;
}

void print_limits(const model& model, const config::model& usual, std::vector<std::string>& pieces) {
    const auto add = [&](const std::string& subject, const limits& own, const limits& general) {
        const auto words = print_options<limits_reading>({.limits = own}, {.limits = general}, limit_options);
        if (!words.empty()) pieces.push_back("limit " + subject + joined(words));
    };
    const relay::limit_book& book = model.relay.limits;
    add("", book.general, usual.relay.limits.general);
    for (const auto& [domain, own] : book.by_domain) add("for domain " + plain(domain) + " ", own, book.general);
    if (model.queue.window != usual.queue.window)
        pieces.push_back("limit task-hiwat " + std::to_string(model.queue.window));
}

constexpr option<model> mta_options[] = {
    {"limit", custom{&read_limits, &print_limits, "[for domain DOMAIN] and what is below"},
     "what relaying may cost others"},
    {"max-deferred", setting{field<&model::queue, &queue::settings::max_deferred>, count{"a number of envelopes"}},
     "deferred envelopes that are sent at once when their host can be reached again"},
};

}  // namespace

std::span<const option<model>> mta_settings() { return mta_options; }
std::span<const option<limits_reading>> mta_limit_options() { return limit_options; }

}  // namespace waypost::config
