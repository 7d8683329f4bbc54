#include "certificate_watch.hpp"

namespace waypost::daemon {

namespace {

constexpr std::chrono::hours between_looks{24};

}  // namespace

async::awaitable<> watch_certificates(std::vector<config::watched_certificate> certificates, async::clock& time,
                                      async::thread_pool& io, observe::log& log) {
    while (!certificates.empty()) {
        co_await time.sleep_for(between_looks);
        for (const config::watched_certificate& each : certificates) {
            const auto found = co_await async::offload(io, [each, now = time.wall()] { return each.weaknesses(now); });
            for (const std::string& one : found) log.warn("daemon", "certificate", {{"result", one}});
        }
    }
}

}  // namespace waypost::daemon
