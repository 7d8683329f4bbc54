#include "keyed_mutex.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "support/run_until.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;

namespace {

struct fixture {
    boost::asio::io_context loop;
    delivery::keyed_mutex keyed_mutex;
    async::event event{loop.get_executor()};
    std::vector<std::string> begun;

    async::awaitable<> use(std::string key, std::string name) {
        const auto mine = co_await keyed_mutex.take(key);
        begun.push_back(name);
        co_await event.wait();
    }
    void start(async::task_group& side_tasks, const std::string& key, const std::string& name) {
        side_tasks.start(use(key, name));
        test::settle(loop);
    }
    void next() {
        event.notify();
        test::settle(loop);
    }
};

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("one at a time has its turn, in the order of asking", "[delivery][keyed_mutex]") {
    fixture f;
    async::task_group group(f.loop.get_executor());
    for (const char* name : {"1", "2", "3"}) f.start(group, "box", name);
    CHECK(f.begun == names{"1"});
    f.next();
    CHECK(f.begun == names{"1", "2"});
    f.next();
    f.next();
    CHECK(f.begun == names{"1", "2", "3"});
    CHECK(group.size() == 0);
}

TEST_CASE("different things are done at once", "[delivery][keyed_mutex]") {
    fixture f;
    async::task_group group(f.loop.get_executor());
    f.start(group, "a", "1");
    f.start(group, "b", "2");
    CHECK(f.begun == names{"1", "2"});
    f.next();
    f.start(group, "a", "3");
    CHECK(f.begun.size() == 3);
    f.next();
}

TEST_CASE("whoever stops waiting is passed over", "[delivery][keyed_mutex]") {
    fixture f;
    async::task_group group(f.loop.get_executor());
    async::task_group impatient(f.loop.get_executor());
    f.start(group, "box", "1");
    f.start(impatient, "box", "never");
    f.start(group, "box", "2");
    SECTION("while he waits") { test::finish(f.loop, impatient.stop()); }
    SECTION("when his turn has just come") {
        f.event.notify();
        test::finish(f.loop, impatient.stop());
    }
    f.next();
    CHECK(f.begun.back() == "2");
    f.next();
    CHECK(group.size() == 0);
}
