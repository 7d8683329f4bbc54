#include "planner.hpp"

#include <algorithm>
#include <tuple>

namespace waypost::relay {

namespace {

struct usable {};
using scope = shared_limit::scope;

// Without a scope it is a limit, or a pause, of the relay itself: its own connections end.
struct busy {
    std::optional<scope> scope;
};
struct delayed {
    async::time_point until = async::time_point::min();
    std::optional<scope> scope;
};
struct backing_off {
    const backoff_record* because;
};
struct unfit {
    bool by_limit = false;  // otherwise by the family of the source
};
using verdict = std::variant<usable, busy, delayed, backing_off, unfit>;

bool family_allowed(const host& host, const limits& limits) {
    if (!host.socket_path.empty()) return true;
    return host.endpoint.ip.is_v4() ? limits.inet4 : limits.inet6;
}

/// The pause between two connections that has to be kept longest.
delayed longest_pause(const spool::next_hop& relay, const route& route, const ledger& ledger, const limits& limits) {
    delayed longest;
    const auto keep = [&longest](const connection_counts& counts, async::time_point connection_counts::* since,
                                 async::duration pause, std::optional<scope> limit_scope) {
        if (pause == async::duration::zero() || counts.*since == async::time_point::min()) return;
        if (counts.*since + pause > longest.until) longest = {counts.*since + pause, limit_scope};
    };
    keep(ledger.at(route.target), &connection_counts::last_opened, limits.host_delay, scope::route);
    keep(ledger.along(route), &connection_counts::last_opened, limits.route_delay, scope::route);
    keep(ledger.along(route), &connection_counts::last_closed, limits.reconnect_delay, scope::route);
    keep(ledger.from(route.source_address), &connection_counts::last_opened, limits.source_delay, scope::source);
    keep(ledger.connector(relay, route.source_address), &connection_counts::last_opened, limits.connector_delay,
         std::nullopt);
    keep(ledger.of(relay), &connection_counts::last_opened, limits.relay_delay, std::nullopt);
    if (!relay.domain.empty())
        keep(ledger.towards(relay.domain), &connection_counts::last_opened, limits.domain_delay, scope::domain);
    return longest;
}

verdict judge(const spool::next_hop& relay, const route& route, const ledger& ledger, const limits& limits,
              std::size_t most_open, async::time_point now) {
    if (!family_allowed(route.target, limits)) return unfit{.by_limit = true};
    if (!families_fit(route)) return unfit{};
    if (const backoff_record* why = ledger.backing_off(relay, route, now)) return backing_off{why};

    if (ledger.of(relay).open >= limits.per_relay) return busy{};
    if (ledger.connector(relay, route.source_address).open >= limits.per_connector) return busy{};
    if (!relay.domain.empty() && ledger.towards(relay.domain).open >= limits.per_domain) return busy{scope::domain};
    if (ledger.open() >= most_open) return busy{scope::whole};
    if (ledger.from(route.source_address).open >= limits.per_source) return busy{scope::source};
    const host_record& there = ledger.at(route.target);
    if (there.open >= std::min(limits.per_host, there.window)) return busy{scope::route};
    const route_record& along = ledger.along(route);
    // A route is tried by one first, and then by as many again as it carries: what is broken costs one attempt.
    if (along.open >= limits.per_route || along.connecting > along.ready()) return busy{scope::route};

    if (const auto pause = longest_pause(relay, route, ledger, limits); pause.until > now) return pause;
    return usable{};
}

std::size_t connections_to(const candidate& candidate, const ledger& ledger) {
    std::size_t sum = 0;
    for (const host& each : candidate.hosts) sum += ledger.at(each).open;
    return sum;
}

std::uint64_t last_turn(const candidate& candidate, const ledger& ledger) {
    std::uint64_t last = 0;
    for (const host& each : candidate.hosts) last = std::max(last, ledger.at(each).turn);
    return last;
}

/// Collects what the routes of one preference have to say.
class preference_level {
public:
    preference_level(const session_request& request, const ledger& ledger, const limits& limits, std::size_t most_open,
                     async::time_point now)
        : request_(request), ledger_(ledger), limits_(limits), most_open_(most_open), now_(now) {}

    void look_at(std::size_t index) {
        const candidate& one = request_.hosts[index];
        if (one.state == candidate::knowledge::asking) {
            waits_ = true;
        } else if (one.state == candidate::knowledge::nowhere) {
            because_ = one.because;
        } else {
            look_at_addresses(index);
        }
    }

    [[nodiscard]] const std::optional<open_session>& best() const noexcept { return best_; }
    /// There is something to wait for at this level, so a worse one does not serve.
    [[nodiscard]] bool waits() const noexcept { return waits_; }
    [[nodiscard]] at_limit what_for() && { return std::move(busy_); }
    [[nodiscard]] const backoff_record* first_to_end() const noexcept { return first_to_end_; }
    [[nodiscard]] const std::optional<mail::status>& because() const noexcept { return because_; }
    [[nodiscard]] bool wrong_family() const noexcept { return wrong_family_; }
    [[nodiscard]] bool forbidden_family() const noexcept { return forbidden_family_; }

private:
    void look_at_addresses(std::size_t index) {
        const candidate& one = request_.hosts[index];
        std::optional<open_session> here;
        auto here_rank = rank(one.hosts.front(), request_.sources.front());
        for (const host& to : one.hosts) {
            for (const source& from : request_.sources) {
                const route via{from, to};
                if (!note(judge(request_.relay, via, ledger_, limits_, most_open_, now_), via)) continue;
                const auto its_rank = rank(to, from);
                if (here && !(its_rank < here_rank)) {
                    offer_instead(*here, via);
                    continue;
                }
                open_session better{index, via, {}};
                if (here) {
                    better.fallback = here->fallback;
                    offer_instead(better, here->path);
                }
                here = std::move(better);
                here_rank = its_rank;
            }
        }
        if (!here) return;
        const auto load = std::tuple(connections_to(one, ledger_), last_turn(one, ledger_));
        if (best_ && !(load < best_load_)) return;
        best_ = std::move(here);
        best_load_ = load;
    }

    /// Addresses of one server: the family that works first, then the least used, then the least recently used.
    [[nodiscard]] std::tuple<bool, std::size_t, std::uint64_t, std::uint64_t> rank(const host& host,
                                                                                   const source& source) const {
        const bool second_choice = host.socket_path.empty() && host.endpoint.ip.is_v4() != ledger_.prefers_ipv4(now_);
        const route_record& along = ledger_.along({source, host});
        return {second_choice, along.open, along.turn, ledger_.from(source).turn};
    }

    static void offer_instead(open_session& decision, const route& route) {
        if (!decision.fallback && route.target.endpoint.ip.is_v4() != decision.path.target.endpoint.ip.is_v4())
            decision.fallback = route;
    }

    [[nodiscard]] shared_limit line_at(scope kind, const route& route) const {
        switch (kind) {
            case scope::route: return {.kind = kind, .path = route, .domain = {}, .rules = &limits_};
            case scope::source:
                return {.kind = kind, .path = {route.source_address, {}}, .domain = {}, .rules = &limits_};
            case scope::domain: return {.kind = kind, .path = {}, .domain = request_.relay.domain, .rules = &limits_};
            case scope::whole: break;
        }
        return {};
    }

    /// True if the route can be used.
    bool note(const verdict& verdict, const route& route) {
        if (std::holds_alternative<usable>(verdict)) return true;
        if (const auto* limit = std::get_if<busy>(&verdict)) {
            waits_ = true;
            if (limit->scope) busy_.lines.push_back({line_at(*limit->scope, route), std::nullopt});
        } else if (const auto* later = std::get_if<delayed>(&verdict)) {
            waits_ = true;
            if (later->scope) {
                busy_.lines.push_back({line_at(*later->scope, route), later->until});
            } else if (!busy_.or_at || later->until < *busy_.or_at) {
                busy_.or_at = later->until;
            }
        } else if (const auto* broken = std::get_if<backing_off>(&verdict)) {
            if (first_to_end_ == nullptr || broken->because->until() < first_to_end_->until())
                first_to_end_ = broken->because;
        } else {
            (std::get<unfit>(verdict).by_limit ? forbidden_family_ : wrong_family_) = true;
        }
        return false;
    }

    const session_request& request_;
    const ledger& ledger_;
    const limits& limits_;
    std::size_t most_open_;
    async::time_point now_;

    std::optional<open_session> best_;
    std::tuple<std::size_t, std::uint64_t> best_load_;
    bool waits_ = false;
    at_limit busy_;
    const backoff_record* first_to_end_ = nullptr;
    std::optional<mail::status> because_;
    bool wrong_family_ = false;
    bool forbidden_family_ = false;
};

mail::status no_family_allowed() {
    return mail::status::transient("4.4.1", "`mta limit` allows the address family of none of the hosts");
}

mail::status no_source_fits() {
    return mail::status::transient("4.4.1", "No source address is of the family of any of the hosts");
}

}  // namespace

decision decide(const session_request& request, const ledger& ledger, const limits& limits, std::size_t most_open,
                async::time_point now) {
    if (request.sources.empty())
        return give_up{mail::status::transient("4.4.1", "The table of source addresses is empty")};
    const backoff_record* first_to_end = nullptr;
    std::optional<mail::status> because;
    bool wrong_family = false;
    bool forbidden_family = false;
    for (std::size_t i = 0; i < request.hosts.size();) {
        preference_level one(request, ledger, limits, most_open, now);
        for (const unsigned preference = request.hosts[i].preference;
             i < request.hosts.size() && request.hosts[i].preference == preference; ++i) {
            one.look_at(i);
        }
        if (one.best()) return *one.best();
        if (one.waits()) {
            // A back-off may be the first to change, too.
            const backoff_record* const backoff = one.first_to_end();
            at_limit wait = std::move(one).what_for();
            if (backoff != nullptr && (!wait.or_at || backoff->until() < *wait.or_at)) wait.or_at = backoff->until();
            if (first_to_end != nullptr && (!wait.or_at || first_to_end->until() < *wait.or_at))
                wait.or_at = first_to_end->until();
            return wait;
        }
        if (const backoff_record* backoff = one.first_to_end();
            backoff != nullptr && (first_to_end == nullptr || backoff->until() < first_to_end->until())) {
            first_to_end = backoff;
        }
        if (!because) because = one.because();
        wrong_family = wrong_family || one.wrong_family();
        forbidden_family = forbidden_family || one.forbidden_family();
    }
    if (first_to_end != nullptr) return retry_at{first_to_end->until(), first_to_end->because};
    if (wrong_family) return give_up{no_source_fits()};
    if (forbidden_family) return give_up{no_family_allowed()};
    return give_up{because.value_or(mail::status::transient("4.4.1", "There is no host to connect to"))};
}

bool is_usable(const spool::next_hop& relay, const route& route, const ledger& ledger, const limits& limits,
               std::size_t most_open, async::time_point now) {
    return std::holds_alternative<usable>(judge(relay, route, ledger, limits, most_open, now));
}

}  // namespace waypost::relay
