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
    relay::action_settings action{.name = "out"};
    relay::limits limits;
    std::string our_name = "mx.example.org";

    ~relay_surroundings() { finish(house.loop, house.queue.stop()); }

    std::shared_ptr<relay::relay_queue> make(const std::string& domain) {
        return std::make_shared<relay::relay_queue>(with, spool::next_hop{"out", domain}, action, limits, our_name,
                                                    [] {});
    }
};

}  // namespace waypost::test
