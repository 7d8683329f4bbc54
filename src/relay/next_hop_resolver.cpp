#include "next_hop_resolver.hpp"

#include <algorithm>
#include <memory>

#include "waypost/async/gather.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/relay/entries.hpp"
#include "waypost/table/services.hpp"

namespace waypost::relay {

namespace {

using mail::transport_security;

// Tables are live: a changed one serves the next connection but one. The DNS has its cache; this only spares the work.
constexpr std::chrono::seconds tables_stay_fresh{1};
constexpr std::chrono::seconds mx_stays_fresh{30};
constexpr async::backoff::limits pauses{.first = std::chrono::seconds(1), .longest = std::chrono::seconds(60)};

constexpr std::uint16_t smtp_port = 25;

mail::status status_of(dns::mx_failure failure, const std::string& domain) {
    switch (failure) {
        case dns::mx_failure::no_such_domain:
            return mail::status::permanent("5.1.2", "Domain " + domain + " does not exist");
        case dns::mx_failure::null_mx:
            return mail::status::of(556, "5.1.10", "Domain " + domain + " does not accept mail");
        case dns::mx_failure::no_address:
            return mail::status::permanent("5.1.2", "Domain " + domain + " has no host for mail");
        case dns::mx_failure::unavailable: break;
    }
    return mail::status::transient("4.4.3", "Cannot look up the mail hosts of " + domain);
}

std::vector<host> hosts_at(const std::vector<net::address>& addresses, std::uint16_t port) {
    std::vector<host> all;
    all.reserve(addresses.size());
    for (const net::address& ip : addresses) all.push_back({.endpoint = {ip, port}, .socket_path = {}});
    return all;
}

}  // namespace

next_hop_resolver::next_hop_resolver(const dependencies& context, const spool::next_hop& hop,
                                     const action_settings& action, const std::string& our_name,
                                     std::function<void()> on_news, own_addresses* self)
    : context_(context), hop_(hop), action_(action), our_name_(our_name), on_news_(std::move(on_news)), self_(self) {}

bool next_hop_resolver::is_stale(async::duration since) const {
    return !asking_ && context_.clock.now() >= fresh_until_ + since;
}

async::awaitable<> next_hop_resolver::ask() {
    if (std::exchange(asking_, true)) co_return;
    shows_as_it_comes_ = hosts_.empty();
    std::optional<failure> fault;
    std::exception_ptr bug;
    try {
        fault = co_await ask_sources();
        if (!fault) fault = co_await ask_hosts();
    } catch (...) {
        bug = std::current_exception();
        fault = failure{mail::status::transient("4.3.0", "Internal error")};
    }
    asking_ = false;
    fault_.reset();
    if (fault) {
        fault_ = std::move(fault->reason);
        pause_.begin(context_.clock.now(), pauses);
        fresh_until_ = pause_.until();
        if (fault->is_answer || fault_->is_permanent()) hosts_.clear();
    } else {
        pause_.reset();
        const bool from_tables = action_.hosts != nullptr || action_.by_domain != nullptr;
        fresh_until_ = context_.clock.now() + (from_tables ? tables_stay_fresh : mx_stays_fresh);
    }
    on_news_();
    if (bug != nullptr) std::rethrow_exception(bug);
}

namespace {

mail::status could_not_retrieve(std::string_view text, const base::error_code& error) {
    return mail::status::transient("4.4.3", "Cannot retrieve " + std::string(text) + ": " + error.message());
}

}  // namespace

async::awaitable<std::optional<next_hop_resolver::failure>> next_hop_resolver::ask_sources() {
    if (action_.sources == nullptr) {
        sources_.assign(1, source());
        co_return std::nullopt;
    }
    const auto entries = co_await entries_in_turn(*action_.sources, table::service::source);
    if (entries.has_error()) co_return failure{could_not_retrieve("source address", entries.error())};
    sources_.clear();
    std::string reason;
    for (const std::string& each : *entries) {
        if (const auto wrong = table::source::fault_of({}, each)) {
            action_.sources->complain(each, wrong->text);
            if (reason.empty()) reason = ": " + wrong->text;
        } else {
            sources_.push_back(*net::parse_address(each));
        }
    }
    if (!sources_.empty()) co_return std::nullopt;
    const std::string& name = action_.sources->name();
    co_return failure{mail::status::transient("4.3.5", "No source address in table " + name + reason), true};
}

async::awaitable<std::optional<next_hop_resolver::failure>> next_hop_resolver::ask_hosts() {
    if (action_.hosts == nullptr && action_.by_domain == nullptr) co_return co_await ask_mx();
    auto listed = action_.hosts != nullptr ? co_await listed_urls() : co_await url_by_domain();
    if (auto* none = std::get_if<failure>(&listed)) co_return std::move(*none);
    co_await find_addresses(std::get<std::vector<candidate>>(std::move(listed)));
    co_return std::nullopt;
}

/// What is known replaces what was known, but never by something that is still being asked for, and never by hosts of
/// which none could be found.
void next_hop_resolver::show(std::vector<candidate> candidates) {
    const auto is = [](candidate::knowledge state) {
        return [state](const candidate& candidate) { return candidate.state == state; };
    };
    const bool is_whole = std::ranges::none_of(candidates, is(candidate::knowledge::asking));
    if (!is_whole && !shows_as_it_comes_) return;
    if (std::ranges::none_of(candidates, is(candidate::knowledge::known)) &&
        std::ranges::any_of(hosts_, is(candidate::knowledge::known))) {
        return;
    }
    hosts_ = std::move(candidates);
    on_news_();
}

// --- relay URLs

namespace {

/// What a sender is told of a row that an administrator wrote: there may be a password in it. The log has more.
mail::status cannot_be_used() { return mail::status::transient("4.3.5", "Configuration error on this host"); }

void insert_by_preference(std::vector<candidate>& candidates, candidate chosen) {
    candidates.insert(std::ranges::upper_bound(candidates, chosen.preference, {}, &candidate::preference),
                      std::move(chosen));
}

}  // namespace

/// Why the row cannot be used, if it cannot. `ssl` is TLS from the first byte, and where that does not work STARTTLS:
/// two candidates, the second a worse one.
std::optional<std::string> next_hop_resolver::add(std::vector<candidate>& candidates, const std::string& row,
                                                  unsigned preference) const {
    auto judged = mail::usable_relay_url(row, action_.demands());
    if (auto* wrong = std::get_if<mail::relay_url_error>(&judged)) return std::move(wrong->text);
    candidate one{.preference = 2 * preference, .url = std::get<mail::relay_url>(std::move(judged))};
    one.url.security = action_.security_of(one.url);
    if (one.url.security == transport_security::implicit_or_starttls) {
        one.url.security = transport_security::implicit;
        insert_by_preference(candidates, one);
        one.preference += 1;
        one.url.security = transport_security::starttls;
        if (!one.url.port) one.url.port = smtp_port;
    }
    insert_by_preference(candidates, std::move(one));
    return std::nullopt;
}

async::awaitable<next_hop_resolver::found> next_hop_resolver::listed_urls() {
    constexpr auto kind = table::service::relayhost;
    const auto entries = action_.ordered ? co_await entries_in_order(*action_.hosts, kind)
                                         : co_await entries_in_turn(*action_.hosts, kind);
    if (entries.has_error()) co_return failure{could_not_retrieve("smarthost", entries.error())};
    std::vector<candidate> made;
    unsigned turn = 0;
    for (const std::string& each : *entries) {
        const auto wrong = add(made, each, action_.ordered ? turn++ : 0);
        if (wrong) action_.hosts->complain(mail::shown_relay_url(each), *wrong);
    }
    if (!made.empty()) co_return made;
    if (entries->empty()) action_.hosts->complain({}, "there is no relay URL in the table");
    co_return failure{cannot_be_used(), true};
}

async::awaitable<next_hop_resolver::found> next_hop_resolver::url_by_domain() {
    const auto url = co_await table::find<table::relayhost>(*action_.by_domain, hop_.domain);
    const bool is_bad_row = url.has_error() && url.error() == table::errc::malformed_row;
    if (url.has_error() && !is_bad_row) co_return failure{could_not_retrieve("smarthost", url.error())};
    std::vector<candidate> made;
    if (!is_bad_row && !url->has_value()) {
        action_.by_domain->complain(hop_.domain, "there is no such row");
        co_return failure{mail::status::transient("4.3.5", "No relay is known for " + hop_.domain), true};
    }
    if (!is_bad_row && url->has_value()) {
        if (const auto wrong = add(made, **url, 0))
            action_.by_domain->complain(hop_.domain, mail::shown_relay_url(**url) + ": " + *wrong);
    }
    if (!made.empty()) co_return made;
    co_return failure{cannot_be_used(), true};
}

namespace {

/// The addresses of one relay's host. Its name that does not resolve is a mistake in the configuration or in the DNS,
/// never the mail's.
async::awaitable<bool> locate(candidate& candidate, dns::resolver& dns) {
    const auto port = candidate.url.effective_port();
    if (!candidate.url.socket_path.empty()) {
        candidate.hosts = {{.endpoint = {}, .socket_path = candidate.url.socket_path}};
    } else if (const auto literal = net::parse_address(candidate.url.host)) {
        candidate.hosts = hosts_at({*literal}, port);
    } else {
        auto found = co_await dns.addresses(candidate.url.host);
        if (found.has_value()) candidate.hosts = hosts_at(*found, port);
        const std::string why = found.has_error() ? found.error().message() : "it has no address";
        candidate.because = mail::status::transient("4.4.3", "Cannot find relay " + candidate.url.host + ": " + why);
    }
    candidate.state = candidate.hosts.empty() ? candidate::knowledge::nowhere : candidate::knowledge::known;
    co_return true;
}

}  // namespace

async::awaitable<bool> next_hop_resolver::locate_and_show(std::vector<candidate>& candidates, std::size_t index) {
    co_await locate(candidates[index], context_.dns);
    show(candidates);
    co_return true;
}

async::awaitable<> next_hop_resolver::find_addresses(std::vector<candidate> anew) {
    std::vector<async::awaitable<bool>> questions;
    questions.reserve(anew.size());
    for (std::size_t i = 0; i < anew.size(); ++i) questions.push_back(locate_and_show(anew, i));
    co_await async::gather(std::move(questions));
}

// --- MX hosts

namespace {

/// The URL of an MX host. Mail for user@[IPv6:::1] goes to "[IPv6:::1]", whose URL has the address alone, as one that
/// an administrator wrote.
mail::relay_url url_for_mx(const std::string& name) {
    mail::relay_url url;
    url.host = name;
    if (!name.starts_with('[')) return url;
    auto parsed = mail::parse_relay_url("smtp://" + name);
    auto* literal = std::get_if<mail::relay_url>(&parsed);
    return literal != nullptr ? std::move(*literal) : url;
}

}  // namespace

async::awaitable<std::optional<next_hop_resolver::failure>> next_hop_resolver::ask_mx() {
    std::optional<failure> fault;
    likenesses judged;
    const auto take = [this, &fault, &judged](const std::vector<dns::mx_candidate>& answered) {
        judge(answered, judged);
        auto usable = usable_mx(answered, judged);
        if (auto* none = std::get_if<failure>(&usable)) {
            fault = std::move(*none);
        } else {
            fault.reset();
            show(std::get<std::vector<candidate>>(std::move(usable)));
        }
    };
    const auto answer = co_await dns::find_mx_hosts(context_.dns, hop_.domain, dns::random_seed(), take);
    if (const auto* why = std::get_if<dns::mx_failure>(&answer)) co_return failure{status_of(*why, hop_.domain)};
    co_return fault;
}

likeness next_hop_resolver::likeness_by_address(const dns::mx_candidate& candidate) const {
    likeness most = likeness::another;
    if (self_ == nullptr) return most;
    for (const net::address& ip : candidate.addresses) most = std::max(most, self_->of({ip, smtp_port}));
    return most;
}

/// Names are known before addresses are.
void next_hop_resolver::judge(const std::vector<dns::mx_candidate>& answered, likenesses& judged) const {
    judged.resize(answered.size());
    for (std::size_t i = 0; i < answered.size(); ++i) {
        const dns::mx_candidate& one = answered[i];
        if (judged[i]) continue;
        const bool has_our_name = base::iequals(one.name, our_name_) || (action_.backup && !action_.backup->empty() &&
                                                                         base::iequals(one.name, *action_.backup));
        if (has_our_name)
            judged[i] = likeness::this_host;
        else if (one.answered)
            judged[i] = likeness_by_address(one);
    }
}

/// An address of an interface of ours may be passed on to another machine's server: such mail waits.
next_hop_resolver::failure next_hop_resolver::loops_back(bool is_sure) const {
    const std::string text = "Mail for " + hop_.domain + " loops back to this host";
    if (is_sure) return {mail::status::permanent("5.4.6", text), true};
    return {mail::status::transient("4.4.6", text), true};
}

/// RFC 5321 section 5.1: where we are one of the MX hosts ourselves, only better ones may be tried; and so for
/// `backup`, where the administrator says which one we are.
next_hop_resolver::found next_hop_resolver::usable_mx(const std::vector<dns::mx_candidate>& answered,
                                                      const likenesses& judged) const {
    // The best of them, where it is more than one: they are sorted.
    const bool is_named = action_.backup && !action_.backup->empty();
    auto us = answered.end();
    bool is_sure = false;
    for (std::size_t i = 0; i < answered.size(); ++i) {
        const likeness as = judged[i].value_or(likeness::another);
        if (as == likeness::another || (us != answered.end() && answered[i].preference > us->preference)) continue;
        if (us == answered.end()) us = answered.begin() + static_cast<std::ptrdiff_t>(i);
        is_sure = is_sure || as == likeness::this_host;
    }
    if (us == answered.end() && action_.backup)
        return failure{mail::status::transient(
            "4.4.4", (is_named ? *action_.backup : our_name_) + " is no MX host of " + hop_.domain)};
    std::vector<candidate> made;
    for (const dns::mx_candidate& one : answered) {
        if (us != answered.end() && one.preference >= us->preference) continue;
        candidate next{.preference = one.preference};
        next.url = url_for_mx(one.name);
        next.url.security = action_.security_of(next.url);
        next.hosts = hosts_at(one.addresses, smtp_port);
        if (one.answered) {
            next.state = next.hosts.empty() ? candidate::knowledge::nowhere : candidate::knowledge::known;
            next.because = mail::status::transient("4.4.3", "Cannot find " + one.name);
        }
        made.push_back(std::move(next));
    }
    if (made.empty() && us != answered.end()) return loops_back(is_sure);
    return made;
}

}  // namespace waypost::relay
