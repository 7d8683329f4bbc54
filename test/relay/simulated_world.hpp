// Mail hosts that exist in the test alone, and the dialer that connects to them: what a host does is said in a few
// numbers, and time is the virtual clock's. It counts for itself what is open where, so that a limit that is exceeded
// shows here and not in the bookkeeping that should have kept it.
#pragma once

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "dialer.hpp"
#include "waypost/async/clock.hpp"

namespace waypost::test {

using namespace std::chrono_literals;

/// May change at any time; what has begun goes on as it began.
struct simulated_host {
    enum class door { open, refuses, stalls, is_busy };
    door at = door::open;            // is_busy: greets with 421
    async::duration to_open = 20ms;  // until the session is ready, or refused
    async::duration to_carry = 100ms;
    std::size_t room = 10'000;     // connections; more are greeted with 421
    std::size_t closes_after = 0;  // messages of one connection; 0: never
    bool has_bug = false;          // the dialer's session with it ends in an exception
    bool throws_out = false;       // 421 instead of an answer to the first MAIL
    unsigned defers_percent = 0;   // of the recipients

    // What it has seen.
    std::size_t open = 0;
    std::size_t most_open = 0;
    std::vector<async::time_point> attempts;
    std::size_t connections = 0;  // that became ready
    std::size_t messages = 0;
};

class simulated_dialer final : public relay::dialer {
public:
    simulated_dialer(async::clock& clock, const relay::settings& how) : clock_(clock), settings_(how) {}

    simulated_host& operator[](const std::string& ip) { return hosts_[ip]; }

    async::awaitable<> serve(relay::connection_attempt& what) override {
        const auto held = co_await connect(what);
        if (!held) co_return;
        if (at(what.via()).has_bug) throw std::logic_error("a bug of the dialer");
        relay::task_source& mail = what.ready(held->along);
        ++at(what.via()).connections;
        co_await drain(what, mail);
    }

    std::vector<std::string> violations;
    std::map<spool::envelope_id, unsigned> delivered;
    std::map<spool::envelope_id, async::time_point> first_answer;
    std::size_t sessions = 0;     // now, those being opened included
    std::size_t connections = 0;  // that were begun
    unsigned random = 1;

private:
    using key = std::tuple<std::string, std::string>;

    /// What one connection counts for, as long as it lives.
    struct present {
        present(simulated_dialer& of, const relay::connection_attempt& what, const relay::route& along)
            : of_(of), host_(of.at(along)), limits_(what.allowed()) {
            // The hosts of a domain are named "mx1.DOMAIN" and so on: the dialer is not told whose mail it is.
            const std::string& name = what.who().url.host;
            const std::string domain = name.substr(name.find('.') + 1);
            const std::string source = along.source_address.to_string();
            const std::string action = what.action().name;
            count("host", along.target.text(), limits_.per_host);
            count("route", source + ">" + along.target.text(), limits_.per_route);
            count("source", source, limits_.per_source);
            count("connector", action + "/" + domain + "/" + source, limits_.per_connector);
            count("relay", action + "/" + domain, limits_.per_relay);
            count("domain", domain, limits_.per_domain);
            count("all", "", of.settings_.most_open);
            host_.most_open = std::max(host_.most_open, ++host_.open);
            host_.attempts.push_back(of.clock_.now());
            ++of.sessions;
            ++of.connections;
        }
        ~present() {
            for (const key& each : counted_) --of_.open_[each];
            --host_.open;
            --of_.sessions;
        }
        present(const present&) = delete;
        present& operator=(const present&) = delete;

    private:
        void count(const std::string& kind, const std::string& which, std::size_t most) {
            counted_.emplace_back(kind, which);
            if (++of_.open_[counted_.back()] > most) of_.violations.push_back(kind + " " + which);
        }
        simulated_dialer& of_;
        simulated_host& host_;
        const relay::limits& limits_;
        std::vector<key> counted_;
    };

    simulated_host& at(const relay::route& along) { return hosts_[along.target.endpoint.ip.to_string()]; }
    unsigned roll(unsigned below) {
        random = random * 1664525U + 1013904223U;
        return (random >> 16U) % below;
    }

    /// A dialer that is told to end does nothing more.
    async::awaitable<> sleep_until(async::time_point time) {
        co_await clock_.sleep_until(time);
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none)
            throw boost::system::system_error(boost::asio::error::operation_aborted);
    }

    struct attempt {
        relay::route along;
        async::time_point ends;
        std::string refused;  // empty: it will be ready
        std::unique_ptr<present> counts;
    };

    attempt begin(const relay::connection_attempt& what, const relay::route& along) {
        auto counts = std::make_unique<present>(*this, what, along);
        const simulated_host& host = at(along);
        const bool stalls = host.at == simulated_host::door::stalls;
        std::string refused;
        if (host.at == simulated_host::door::refuses) refused = "connection refused";
        if (stalls) refused = "timed out";
        if (host.at == simulated_host::door::is_busy || host.open > host.room) refused = "421 busy";
        return {along, clock_.now() + (stalls ? settings_.times.connect : host.to_open), refused, std::move(counts)};
    }

    /// A race of two address families, as the real dialer holds it.
    async::awaitable<std::optional<attempt>> connect(relay::connection_attempt& what) {
        std::vector<attempt> running;
        running.push_back(begin(what, what.via()));
        const auto second_may_start = clock_.now() + 250ms;
        bool has_second = what.fallback().has_value();
        const auto start_second = [&] {
            if (std::exchange(has_second, false) && what.begin_fallback())
                running.push_back(begin(what, *what.fallback()));
        };
        while (!running.empty()) {
            const auto first = std::ranges::min_element(running, {}, &attempt::ends);
            if (has_second && first->ends > second_may_start) {
                co_await sleep_until(second_may_start);
                start_second();
                continue;
            }
            co_await sleep_until(first->ends);
            attempt ended = std::move(*first);
            running.erase(first);
            if (ended.refused.empty()) {
                for (attempt& each : running) {
                    each.counts.reset();
                    what.given_up(each.along);
                }
                co_return std::optional<attempt>(std::move(ended));
            }
            ended.counts.reset();
            what.failed(ended.along, relay::blame::route, mail::status::transient("4.4.1", ended.refused));
            start_second();
        }
        co_return std::nullopt;
    }

    async::awaitable<> drain(relay::connection_attempt& what, relay::task_source& mail) {
        for (std::size_t carried = 0;;) {
            auto task = mail.take(what.allowed().recipients);
            if (!task) {
                if (carried >= what.allowed().messages || !co_await mail.wait()) co_return;
                continue;
            }
            simulated_host& host = at(what.via());
            co_await sleep_until(clock_.now() + host.to_carry);
            const bool is_gone = host.at == simulated_host::door::refuses || host.at == simulated_host::door::stalls;
            if (is_gone || host.throws_out || (host.closes_after > 0 && carried >= host.closes_after)) {
                co_return lose(what, mail, std::move(*task), carried > 0);
            }
            answer(host, mail, *task);
            if (++carried >= what.allowed().messages) co_return;
        }
    }

    /// As the session does: nobody is to blame for a connection that has carried something.
    void lose(relay::connection_attempt& what, relay::task_source& mail, queue::queued_message task, bool has_carried) {
        const auto why = mail::status::of(has_carried ? 451 : 421, "4.4.2", "connection lost");
        if (has_carried) {
            mail.give_back(std::move(task));
        } else {
            for (const spool::envelope& each : task.envelopes) settle(mail, task, each, why);
        }
        mail.transaction_ended(false, why);
        what.lost(why);
    }

    void answer(simulated_host& host, relay::task_source& mail, const queue::queued_message& task) {
        bool is_well = false;
        mail::status said;
        ++host.messages;
        for (const spool::envelope& each : task.envelopes) {
            const bool defers = roll(100) < host.defers_percent;
            said = defers ? mail::status::of(450, "4.2.1", "later") : mail::status::success("2.0.0", "kept");
            is_well = is_well || !defers;
            settle(mail, task, each, said);
        }
        mail.transaction_ended(is_well, said);
    }

    void settle(relay::task_source& mail, const queue::queued_message& task, const spool::envelope& envelope,
                const mail::status& status) {
        if (status.is_success()) ++delivered[envelope.id];
        first_answer.try_emplace(envelope.id, clock_.now());
        mail.settle(task.message, envelope, status, {.subsystem = "mta", .relay = status.code() == 450 ? "host" : ""},
                    false);
    }

    async::clock& clock_;
    const relay::settings& settings_;
    std::map<std::string, simulated_host> hosts_;
    std::map<key, std::size_t> open_;
};

/// One that the test keeps.
class borrowed_dialer final : public relay::dialer {
public:
    explicit borrowed_dialer(relay::dialer& lender) : lender_(lender) {}
    async::awaitable<> serve(relay::connection_attempt& attempt) override { return lender_.serve(attempt); }

private:
    relay::dialer& lender_;
};

}  // namespace waypost::test
