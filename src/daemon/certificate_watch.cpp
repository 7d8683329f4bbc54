#include "certificate_watch.hpp"

namespace waypost::daemon {

namespace {

constexpr std::chrono::hours between_looks{24};

}  // namespace

async::awaitable<> watch_certificates(const std::shared_ptr<const config::generation>& current, async::clock& time,
                                      async::thread_pool& io, observe::log& log) {
    for (;;) {
        co_await time.sleep_for(between_looks);
        const std::vector<config::watched_certificate> certificates = current->certificates;
        for (const config::watched_certificate& each : certificates) {
            const auto faults = co_await async::offload(io, [each, now = time.wall()] { return each.weaknesses(now); });
            for (const std::string& fault : faults) log.warn("daemon", "certificate", {{"result", fault}});
        }
    }
}

}  // namespace waypost::daemon
