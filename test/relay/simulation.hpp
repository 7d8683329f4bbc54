// A relay engine in a world of which every part is simulated: the queue is the real one, over a store in memory; hosts,
// connections, the DNS and time are the test's. Days take milliseconds and go the same way each time.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "relay_engine.hpp"
#include "simulated_world.hpp"
#include "support/captured_stderr.hpp"
#include "support/fake_resolver.hpp"
#include "support/mail_house.hpp"

namespace waypost::test {

/// Counts how often somebody lies down to sleep.
class counting_clock final : public async::clock {
public:
    explicit counting_clock(async::clock& inner) : inner_(inner) {}
    [[nodiscard]] async::time_point now() const override { return inner_.now(); }
    [[nodiscard]] async::wall_time wall() const override { return inner_.wall(); }
    async::awaitable<> sleep_until(async::time_point time) override {
        ++sleeps;
        co_await inner_.sleep_until(time);
    }
    std::size_t sleeps = 0;

private:
    async::clock& inner_;
};

struct simulation {
    captured_stderr output;
    mail_house house;
    counting_clock clock{house.clock};
    fake_resolver dns;
    relay::settings how{.host = "mx.example.org"};
    simulated_dialer hosts{house.clock, how};
    relay::dependencies with{clock, house.log, dns, house.queue};
    std::unique_ptr<relay::relay_engine> engine;
    std::map<spool::envelope_id, async::time_point> sent;
    std::size_t told_within_carry = 0;
    bool expects_bug = false;

    simulation() { add_action("out"); }
    ~simulation() {
        try {
            if (engine != nullptr) finish(house.loop, engine->stop(0s));
            finish(house.loop, house.queue.stop());
        } catch (const std::exception& hangs) {
            FAIL_CHECK("the engine does not stop: " << hangs.what());
        }
        CHECK(hosts.violations == std::vector<std::string>());
        CHECK(told_within_carry == 0);
        for (const auto& [id, times] : hosts.delivered) {
            if (times != 1) FAIL_CHECK("delivered " << times << " times");
        }
        house.log.info("test", "last-line");
        CHECK(output.comes("event=last-line"));
        CHECK(output.has("event=bug") == expects_bug);
    }

    void add_action(const std::string& name) { how.actions.emplace(name, relay::action_settings{.name = name}); }
    relay::limits& allowed() { return how.limits.general; }

    /// The domain's MX hosts mx1.NAME, mx2.NAME ..., the best first, each by its addresses.
    void domain(const std::string& name, const std::vector<std::vector<std::string>>& addresses) {
        std::vector<dns::mx_record> records;
        for (const std::vector<std::string>& each : addresses) {
            const std::string host = "mx" + std::to_string(records.size() + 1) + "." + name;
            records.push_back({static_cast<std::uint16_t>(10 * records.size()), host});
            dns.host(host, each);
        }
        dns.mail(name, records);
    }
    void domain(const std::string& name, const std::string& ip) {
        domain(name, std::vector<std::vector<std::string>>{{ip}});
    }

    void open() {
        if (engine != nullptr) return;
        engine = std::make_unique<relay::relay_engine>(
            house.loop.get_executor(), with, std::shared_ptr<const relay::settings>(std::shared_ptr<void>(), &how),
            std::make_unique<borrowed_dialer>(hosts));
        for (const auto& [name, each] : how.actions) house.queue.assign(name, door_, false);
        house.queue.start();
        house.clock.settle();
    }
    /// A message to so many recipients of this domain. Its envelopes.
    std::vector<spool::envelope_id> send(const std::string& domain, std::size_t recipients = 1,
                                         const std::string& action = "out") {
        open();
        std::vector<spool::envelope> envelopes;
        for (std::size_t i = 0; i < recipients; ++i) {
            envelopes.push_back(mail_house::envelope(action, "r" + std::to_string(i) + "@" + domain));
            envelopes.back().hop.domain = domain;
        }
        const auto id = house.send("ada@example.org", std::move(envelopes), "x\r\n");
        std::vector<spool::envelope_id> all;
        for (std::size_t i = 0; i < recipients; ++i) all.push_back(spool::envelope_of(id, i));
        for (const spool::envelope_id each : all) sent.emplace(each, clock.now());
        house.clock.settle();
        return all;
    }
    void pass(async::duration time) { house.clock.advance(time); }

    [[nodiscard]] std::size_t delivered() const { return hosts.delivered.size(); }
    /// From its sending to the first word of a host about it.
    [[nodiscard]] async::duration delay_of(spool::envelope_id which) const {
        const auto found = hosts.first_answer.find(which);
        return (found == hosts.first_answer.end() ? clock.now() : found->second) - sent.at(which);
    }
    [[nodiscard]] async::duration longest_delay(const std::vector<spool::envelope_id>& known_ids) const {
        async::duration longest{};
        for (const spool::envelope_id each : known_ids) longest = std::max(longest, delay_of(each));
        return longest;
    }
    /// Recipients in the hands of the engine that no session has taken.
    [[nodiscard]] std::size_t waiting() const {
        std::size_t sum = 0;
        for (const relay::relay_view& each : engine->relays()) sum += each.waiting;
        return sum;
    }

private:
    struct door final : queue::transport {
        explicit door(simulation& s) : of(s) {}
        void carry(queue::queued_message task) override {
            const std::size_t before = of.house.store.changes.size();
            of.engine->carry(std::move(task));
            of.told_within_carry += of.house.store.changes.size() - before;
        }
        simulation& of;
    } door_{*this};
};

}  // namespace waypost::test
