#include <sysexits.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "one_question.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/dns/cares_resolver.hpp"
#include "waypost/dns/mx_lookup.hpp"

namespace waypost::cli {

namespace {

using found = std::variant<std::vector<dns::mx_host>, dns::mx_failure>;

struct line {
    dns::mx_candidate host;
    std::chrono::microseconds took{0};  // from the moment at which all hosts were asked
};

/// What came, and when.
class stopwatch {
public:
    void news(const std::vector<dns::mx_candidate>& hosts) {
        const auto now = std::chrono::steady_clock::now();
        if (lines_.empty()) asked_at_ = now;
        lines_.resize(hosts.size());
        for (std::size_t i = 0; i < hosts.size(); ++i) {
            if (hosts[i].answered && !lines_[i].host.answered) lines_[i].took = since(asked_at_, now);
            lines_[i].host = hosts[i];
        }
    }
    void end() { total_ = since(began_at_, std::chrono::steady_clock::now()); }

    [[nodiscard]] const std::vector<line>& lines() const { return lines_; }
    [[nodiscard]] std::chrono::microseconds total() const { return total_; }

private:
    using time = std::chrono::steady_clock::time_point;
    static std::chrono::microseconds since(time from, time to) {
        return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
    }
    time began_at_ = std::chrono::steady_clock::now();
    time asked_at_ = began_at_;
    std::vector<line> lines_;
    std::chrono::microseconds total_{0};
};

double milliseconds(std::chrono::microseconds time) { return static_cast<double>(time.count() / 100) / 10; }

int code_of(const found& answer) {
    const auto* why = std::get_if<dns::mx_failure>(&answer);
    if (why == nullptr) return EX_OK;
    return *why == dns::mx_failure::unavailable ? EX_TEMPFAIL : EX_NOHOST;
}

void print_text(const stopwatch& seen) {
    for (const line& each : seen.lines()) {
        std::cout << "mx       " << each.host.preference << ' ' << base::printable(each.host.name);
        for (const net::address& ip : each.host.addresses) std::cout << ' ' << ip.to_string();
        if (each.host.addresses.empty()) std::cout << " (no address)";
        std::cout << (each.host.authentic ? " authentic " : " ") << milliseconds(each.took) << " ms\n";
    }
    std::cout << "total    " << milliseconds(seen.total()) << " ms\n";
}

void print_json(const std::string& domain, const found& answer, const stopwatch& seen) {
    nlohmann::json hosts = nlohmann::json::array();
    for (const line& each : seen.lines()) {
        nlohmann::json addresses = nlohmann::json::array();
        for (const net::address& ip : each.host.addresses) addresses.push_back(ip.to_string());
        hosts.push_back({{"preference", each.host.preference},
                         {"name", base::printable(each.host.name)},
                         {"addresses", addresses},
                         {"authentic", each.host.authentic},
                         {"ms", milliseconds(each.took)}});
    }
    nlohmann::json all = {{"domain", base::printable(domain)}, {"mx", hosts}, {"total_ms", milliseconds(seen.total())}};
    if (const auto* why = std::get_if<dns::mx_failure>(&answer)) all["failure"] = dns::words_for(*why);
    std::cout << all.dump(2) << '\n';
}

/// --resolver, or what the configuration says, or the system's if there is no configuration.
std::optional<dns::resolver_settings> settings_for(const configuration& from, const mx_question& asked,
                                                   async::thread_pool& io) {
    if (!asked.resolver.empty()) {
        const auto server = dns::parse_server(asked.resolver);
        if (server) return dns::resolver_settings{.servers = {*server}};
        std::cerr << "waypost dns: " << base::printable(asked.resolver)
                  << ": write a DNS server like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53\n";
        return std::nullopt;
    }
    if (from.file.empty() && !std::filesystem::exists(from.path())) return dns::resolver_settings();
    auto loaded = load_or_complain(from, io, false);
    if (!loaded) return std::nullopt;
    return loaded->dns;
}

async::awaitable<int> answer(dns::resolver& resolver, mx_question asked) {
    stopwatch seen;
    const found given = co_await dns::find_mx_hosts(resolver, asked.domain, dns::random_seed(),
                                                    [&seen](const auto& hosts) { seen.news(hosts); });
    seen.end();
    if (asked.json) {
        print_json(asked.domain, given, seen);
    } else {
        print_text(seen);
    }
    if (const auto* why = std::get_if<dns::mx_failure>(&given)) {
        std::cerr << "waypost dns mx: " << base::printable(asked.domain) << ": " << dns::words_for(*why) << '\n';
    }
    co_return code_of(given);
}

}  // namespace

int dns_mx(const configuration& from, const mx_question& asked) {
    one_question here;
    const auto settings = settings_for(from, asked, here.io);
    if (!settings) return asked.resolver.empty() ? EX_CONFIG : EX_USAGE;
    const auto resolver = dns::make_cares_resolver(here.loop.get_executor(), here.clock, *settings);
    return here.exit_code_of(answer(*resolver, asked));
}

}  // namespace waypost::cli
