#include "waypost/delivery/forward_reader.hpp"

#include <catch2/catch.hpp>

#include "fake_workers.hpp"
#include "process_identity.hpp"
#include "support/captured_stderr.hpp"
#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"
#include "worker_pool.hpp"

using namespace waypost;
using delivery::job;
using test::fake_workers;
using test::finish;

namespace {

const table::userinfo::value ada{.name = "ada", .uid = 1000, .gid = 100, .home = "/home/ada"};

struct fixture {
    test::captured_stderr output;
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    observe::log log{{.format = observe::log_format::text, .lowest = observe::level::debug}};
    async::thread_pool io{1};
    fake_workers fakes;
    delivery::forward_reader files;

    explicit fixture(unsigned uid = 0)
        : files(clock, log,
                std::make_unique<delivery::worker_pool>(
                    loop.get_executor(), delivery::worker_pool::dependencies{clock, log, io},
                    delivery::worker_limits{.at_once = 2, .of_one = 1}, fakes.starter()),
                delivery::process_identity{
                    .uid = uid,
                    .gid = uid,
                    .unprivileged_user = {.name = "nobody", .uid = 65534, .gid = 65534, .home = "/"}}) {}
    ~fixture() {
        finish(loop, files.stop());
        io.join();
    }
};

}  // namespace

TEST_CASE("a .forward is read by a delivery worker of its user", "[delivery][forward_reader]") {
    fixture f;
    f.fakes.act = [](const fake_workers::seen&) { return fake_workers::answer{.text = "eve@example.org\n"}; };
    const auto text = finish(f.loop, f.files.forward_of(ada));
    REQUIRE(text.has_value());
    CHECK(*text == "eve@example.org\n");
    const auto asked = f.fakes.jobs().front();
    CHECK(asked.who == delivery::identity{1000, 100});
    CHECK(asked.what.operation == job::kind::read);
    CHECK(asked.what.path == "/home/ada/.forward");
    CHECK(asked.what.home == "/home/ada");
    CHECK(asked.what.is_forward);
    CHECK(asked.what.most == 4096);
}

TEST_CASE("no .forward is told from one that may not be trusted", "[delivery][forward_reader]") {
    fixture f;
    fake_workers::answer said{.is_there = false};
    f.fakes.act = [&](const fake_workers::seen&) { return said; };
    const auto none = finish(f.loop, f.files.forward_of(ada));
    REQUIRE(none.has_value());
    CHECK_FALSE(none->has_value());
    f.clock.advance(std::chrono::seconds(1));  // until then it is believed
    said = {.status = delivery_worker::job_status::transient("4.3.5", "Others may write to it")};
    CHECK(finish(f.loop, f.files.forward_of(ada)).has_error());
    CHECK(f.output.comes("Others may write to it"));
}

TEST_CASE("a delivery worker that fails is no word about the file", "[delivery][forward_reader]") {
    fixture f;
    SECTION("it dies") {
        f.fakes.act = [](const fake_workers::seen&) -> std::optional<fake_workers::answer> { return std::nullopt; };
    }
    SECTION("it gives more than it may") {
        f.fakes.act = [](const fake_workers::seen&) { return fake_workers::answer{.text = std::string(4097, 'x')}; };
    }
    CHECK(finish(f.loop, f.files.forward_of(ada)).has_error());
}

TEST_CASE("nothing is read of users whose mail we cannot deliver", "[delivery][forward_reader]") {
    fixture f(1001);
    const auto none = finish(f.loop, f.files.forward_of(ada));
    REQUIRE(none.has_value());
    CHECK_FALSE(none->has_value());
    CHECK(finish(f.loop, f.files.list("/etc/list", ada)).has_error());
    CHECK(f.fakes.started() == 0);
}

TEST_CASE("a list is read as whoever includes it", "[delivery][forward_reader]") {
    fixture f;
    f.fakes.act = [](const fake_workers::seen&) { return fake_workers::answer{.text = "eve\n"}; };
    const auto text = finish(f.loop, f.files.list("/home/ada/list", ada));
    REQUIRE(text.has_value());
    CHECK(*text == "eve\n");
    CHECK(f.fakes.jobs().back().who == delivery::identity{1000, 100});
    CHECK_FALSE(f.fakes.jobs().back().what.is_forward);
    CHECK(f.fakes.jobs().back().what.most == 65536);
    CHECK(finish(f.loop, f.files.list("/etc/list", std::nullopt)).has_value());
    CHECK(f.fakes.jobs().back().who == delivery::identity{65534, 65534});
}
