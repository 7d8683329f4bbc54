#include "certificate_watch.hpp"

#include <catch2/catch.hpp>

#include "support/captured_stderr.hpp"
#include "support/run_until.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using namespace std::chrono_literals;

TEST_CASE("audit 34: a certificate that expires while the daemon runs is warned of, once a day",
          "[daemon][certificate_watch]") {
    test::captured_stderr output;
    test::temporary_directory directory;
    boost::asio::io_context loop;
    test::virtual_clock clock{loop, std::chrono::system_clock::now()};
    observe::log log{{.format = observe::log_format::text, .lowest = observe::level::debug}};
    async::thread_pool io{1};
    const net::key_pair pair{directory / "crt", directory / "key"};
    net::ensure_self_signed(pair, "mx.example.org");
    async::task_group beside{loop.get_executor()};
    auto current = std::make_shared<config::generation>();
    current->certificates = {{pair, "mx.example.org"}};
    const std::shared_ptr<const config::generation> watched = current;
    beside.start(daemon::watch_certificates(watched, clock, io, log));
    const auto a_day_passes = [&] {
        clock.advance(24h);
        test::run_until(loop, [&] { return clock.sleepers() == 1; });
    };
    test::run_until(loop, [&] { return clock.sleepers() == 1; });
    a_day_passes();
    log.info("test", "the-first-day");
    CHECK(output.comes("the-first-day"));
    CHECK_FALSE(output.has("event=certificate"));
    clock.set_wall(clock.wall() + 24h * 365 * 11);
    a_day_passes();
    CHECK(output.comes("expired at"));
    test::finish(loop, beside.stop());
}
