#include "planner.hpp"

#include <algorithm>
#include <tuple>

namespace waypost::relay {

namespace {

struct usable {};
using scope = shared_limit::scope;

// Without a scope it is a limit, or a pause, of the relay itself: its own connections end.
struct busy {
    std::optional<scope> at;
};
struct delayed {
    async::time_point until = async::time_point::min();
    std::optional<scope> at;
};
struct resting {
    const trouble* because;
};
struct unfit {
    bool by_limit = false;  // otherwise by the family of the source
};
using verdict = std::variant<usable, busy, delayed, resting, unfit>;

bool family_allowed(const host& to, const limits& allowed) {
    if (!to.socket_path.empty()) return true;
    return to.at.ip.is_v4() ? allowed.inet4 : allowed.inet6;
}

/// The pause between two connections that has to be kept longest.
delayed longest_pause(const spool::next_hop& relay, const route& via, const ledger& known, const limits& allowed) {
    delayed longest;
    const auto keep = [&longest](const tally& of, async::time_point tally::* since, async::duration pause,
                                 std::optional<scope> at) {
        if (pause == async::duration::zero() || of.*since == async::time_point::min()) return;
        if (of.*since + pause > longest.until) longest = {of.*since + pause, at};
    };
    keep(known.at(via.to), &tally::last_opened, allowed.host_delay, scope::route);
    keep(known.along(via), &tally::last_opened, allowed.route_delay, scope::route);
    keep(known.along(via), &tally::last_closed, allowed.reconnect_delay, scope::route);
    keep(known.from(via.from), &tally::last_opened, allowed.source_delay, scope::source);
    keep(known.connector(relay, via.from), &tally::last_opened, allowed.connector_delay, std::nullopt);
    keep(known.of(relay), &tally::last_opened, allowed.relay_delay, std::nullopt);
    if (!relay.domain.empty())
        keep(known.towards(relay.domain), &tally::last_opened, allowed.domain_delay, scope::domain);
    return longest;
}

verdict judge(const spool::next_hop& relay, const route& via, const ledger& known, const limits& allowed,
              std::size_t most_open, async::time_point now) {
    if (!family_allowed(via.to, allowed)) return unfit{.by_limit = true};
    if (!families_fit(via)) return unfit{};
    if (const trouble* why = known.resting(relay, via, now)) return resting{why};

    if (known.of(relay).open >= allowed.per_relay) return busy{};
    if (known.connector(relay, via.from).open >= allowed.per_connector) return busy{};
    if (!relay.domain.empty() && known.towards(relay.domain).open >= allowed.per_domain) return busy{scope::domain};
    if (known.open() >= most_open) return busy{scope::whole};
    if (known.from(via.from).open >= allowed.per_source) return busy{scope::source};
    const host_record& there = known.at(via.to);
    if (there.open >= std::min(allowed.per_host, there.window)) return busy{scope::route};
    const route_record& along = known.along(via);
    // A route is tried by one first, and then by as many again as it carries: what is broken costs one attempt.
    if (along.open >= allowed.per_route || along.opening > along.ready()) return busy{scope::route};

    if (const auto pause = longest_pause(relay, via, known, allowed); pause.until > now) return pause;
    return usable{};
}

std::size_t connections_to(const candidate& one, const ledger& known) {
    std::size_t sum = 0;
    for (const host& each : one.at) sum += known.at(each).open;
    return sum;
}

std::uint64_t last_turn(const candidate& one, const ledger& known) {
    std::uint64_t last = 0;
    for (const host& each : one.at) last = std::max(last, known.at(each).turn);
    return last;
}

/// Collects what the routes of one preference have to say.
class level {
public:
    level(const wish& of, const ledger& known, const limits& allowed, std::size_t most_open, async::time_point now)
        : of_(of), known_(known), allowed_(allowed), most_open_(most_open), now_(now) {}

    void look_at(std::size_t index) {
        const candidate& one = of_.hosts[index];
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
    [[nodiscard]] all_busy what_for() && { return std::move(busy_); }
    [[nodiscard]] const trouble* first_to_end() const noexcept { return first_to_end_; }
    [[nodiscard]] const std::optional<mail::status>& because() const noexcept { return because_; }
    [[nodiscard]] bool wrong_family() const noexcept { return wrong_family_; }
    [[nodiscard]] bool forbidden_family() const noexcept { return forbidden_family_; }

private:
    void look_at_addresses(std::size_t index) {
        const candidate& one = of_.hosts[index];
        std::optional<open_session> here;
        auto here_rank = rank(one.at.front(), of_.from.front());
        for (const host& to : one.at) {
            for (const source& from : of_.from) {
                const route via{from, to};
                if (!note(judge(of_.relay, via, known_, allowed_, most_open_, now_), via)) continue;
                const auto its_rank = rank(to, from);
                if (here && !(its_rank < here_rank)) {
                    offer_instead(*here, via);
                    continue;
                }
                open_session better{index, via, {}};
                if (here) {
                    better.instead = here->instead;
                    offer_instead(better, here->via);
                }
                here = std::move(better);
                here_rank = its_rank;
            }
        }
        if (!here) return;
        const auto load = std::tuple(connections_to(one, known_), last_turn(one, known_));
        if (best_ && !(load < best_load_)) return;
        best_ = std::move(here);
        best_load_ = load;
    }

    /// Addresses of one server: the family that works first, then the least used, then the least recently used.
    [[nodiscard]] std::tuple<bool, std::size_t, std::uint64_t, std::uint64_t> rank(const host& to,
                                                                                   const source& from) const {
        const bool second_choice = to.socket_path.empty() && to.at.ip.is_v4() != known_.prefers_ipv4(now_);
        const route_record& along = known_.along({from, to});
        return {second_choice, along.open, along.turn, known_.from(from).turn};
    }

    static void offer_instead(open_session& to, const route& other) {
        if (!to.instead && other.to.at.ip.is_v4() != to.via.to.at.ip.is_v4()) to.instead = other;
    }

    [[nodiscard]] shared_limit line_at(scope kind, const route& via) const {
        switch (kind) {
            case scope::route: return {.kind = kind, .via = via, .domain = {}, .rules = &allowed_};
            case scope::source: return {.kind = kind, .via = {via.from, {}}, .domain = {}, .rules = &allowed_};
            case scope::domain: return {.kind = kind, .via = {}, .domain = of_.relay.domain, .rules = &allowed_};
            case scope::whole: break;
        }
        return {};
    }

    /// True if the route can be used.
    bool note(const verdict& of, const route& via) {
        if (std::holds_alternative<usable>(of)) return true;
        if (const auto* limit = std::get_if<busy>(&of)) {
            waits_ = true;
            if (limit->at) busy_.lines.push_back({line_at(*limit->at, via), std::nullopt});
        } else if (const auto* later = std::get_if<delayed>(&of)) {
            waits_ = true;
            if (later->at) {
                busy_.lines.push_back({line_at(*later->at, via), later->until});
            } else if (!busy_.or_at || later->until < *busy_.or_at) {
                busy_.or_at = later->until;
            }
        } else if (const auto* broken = std::get_if<resting>(&of)) {
            if (first_to_end_ == nullptr || broken->because->until < first_to_end_->until)
                first_to_end_ = broken->because;
        } else {
            (std::get<unfit>(of).by_limit ? forbidden_family_ : wrong_family_) = true;
        }
        return false;
    }

    const wish& of_;
    const ledger& known_;
    const limits& allowed_;
    std::size_t most_open_;
    async::time_point now_;

    std::optional<open_session> best_;
    std::tuple<std::size_t, std::uint64_t> best_load_;
    bool waits_ = false;
    all_busy busy_;
    const trouble* first_to_end_ = nullptr;
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

decision decide(const wish& of, const ledger& known, const limits& allowed, std::size_t most_open,
                async::time_point now) {
    if (of.from.empty()) return give_up{mail::status::transient("4.4.1", "The table of source addresses is empty")};
    const trouble* first_to_end = nullptr;
    std::optional<mail::status> because;
    bool wrong_family = false;
    bool forbidden_family = false;
    for (std::size_t i = 0; i < of.hosts.size();) {
        level one(of, known, allowed, most_open, now);
        for (const unsigned preference = of.hosts[i].preference;
             i < of.hosts.size() && of.hosts[i].preference == preference; ++i) {
            one.look_at(i);
        }
        if (one.best()) return *one.best();
        if (one.waits()) {
            // What rests may be the first to change, too.
            const trouble* const rest = one.first_to_end();
            all_busy wait = std::move(one).what_for();
            if (rest != nullptr && (!wait.or_at || rest->until < *wait.or_at)) wait.or_at = rest->until;
            if (first_to_end != nullptr && (!wait.or_at || first_to_end->until < *wait.or_at))
                wait.or_at = first_to_end->until;
            return wait;
        }
        if (const trouble* rest = one.first_to_end();
            rest != nullptr && (first_to_end == nullptr || rest->until < first_to_end->until)) {
            first_to_end = rest;
        }
        if (!because) because = one.because();
        wrong_family = wrong_family || one.wrong_family();
        forbidden_family = forbidden_family || one.forbidden_family();
    }
    if (first_to_end != nullptr) return come_back_at{first_to_end->until, first_to_end->because};
    if (wrong_family) return give_up{no_source_fits()};
    if (forbidden_family) return give_up{no_family_allowed()};
    return give_up{because.value_or(mail::status::transient("4.4.1", "There is no host to connect to"))};
}

bool is_usable(const spool::next_hop& relay, const route& via, const ledger& known, const limits& allowed,
               std::size_t most_open, async::time_point now) {
    return std::holds_alternative<usable>(judge(relay, via, known, allowed, most_open, now));
}

}  // namespace waypost::relay
