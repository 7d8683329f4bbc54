// What a relay needs to be made, for tests of its bookkeeping.
#pragma once

#include <memory>
#include <string>

#include "relay_queue.hpp"
#include "support/captured_stderr.hpp"
#include "support/fake_resolver.hpp"
#include "support/mail_house.hpp"

namespace waypost::test {

struct relay_surroundings {
    captured_stderr output;
    mail_house house;
    fake_resolver dns;
    relay::dependencies with{house.clock, house.log, dns, house.queue};
    std::shared_ptr<relay::settings> settings = std::make_shared<relay::settings>();
    relay::action_settings& action = settings->actions["out"];
    relay::limits& limits = settings->limits.general;
    std::string our_name = "mx.example.org";

    relay_surroundings() {
        action.name = "out";
        settings->host = our_name;
    }

    ~relay_surroundings() { finish(house.loop, house.queue.stop()); }

    std::shared_ptr<relay::relay_queue> make(const std::string& domain) {
        return std::make_shared<relay::relay_queue>(with, spool::next_hop{"out", domain}, settings, [] {});
    }
};

}  // namespace waypost::test
