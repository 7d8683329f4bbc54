#include "waypost/async/gather.hpp"

#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <string>

#include "support/run_to_end.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using waypost::test::run_to_end;

namespace {

struct gate {
    explicit gate(async::executor executor) : opened(std::move(executor)) {}
    async::event opened;
    int waiting = 0;
    int most_waiting = 0;
};

async::awaitable<std::string> pass(gate& at, std::string value) {
    at.most_waiting = std::max(at.most_waiting, ++at.waiting);
    co_await at.opened.wait();
    --at.waiting;
    co_return value;
}

async::awaitable<std::string> at_once(std::string value) { co_return value; }

async::awaitable<std::string> throws() {
    throw std::logic_error("a bug");
    co_return "";
}

}  // namespace

TEST_CASE("gather runs all at once and keeps their order", "[async][gather]") {
    boost::asio::io_context loop;
    gate at(loop.get_executor());
    std::vector<async::awaitable<std::string>> all;
    for (int i = 0; i < 50; ++i) all.push_back(pass(at, std::to_string(i)));
    all.push_back(at_once("50"));
    boost::asio::steady_timer later(loop, std::chrono::milliseconds(5));
    later.async_wait([&at](boost::system::error_code) { at.opened.notify(); });

    const auto values = run_to_end(loop, async::gather(std::move(all)));
    REQUIRE(values.size() == 51);
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == std::to_string(i));
    CHECK(at.most_waiting == 50);
}

TEST_CASE("gathering nothing gives nothing", "[async][gather]") {
    CHECK(run_to_end(async::gather(std::vector<async::awaitable<int>>())).empty());
}

TEST_CASE("a bug in one of many comes out when all have ended", "[async][gather]") {
    boost::asio::io_context loop;
    gate at(loop.get_executor());
    std::vector<async::awaitable<std::string>> all;
    all.push_back(throws());
    all.push_back(pass(at, "slow"));
    boost::asio::steady_timer later(loop, std::chrono::milliseconds(5));
    later.async_wait([&at](boost::system::error_code) { at.opened.notify(); });
    CHECK_THROWS_AS(run_to_end(loop, async::gather(std::move(all))), std::logic_error);
    CHECK(at.waiting == 0);
}

namespace {

async::awaitable<> gather_for_ever(gate& at) {
    std::vector<async::awaitable<std::string>> all;
    for (int i = 0; i < 3; ++i) all.push_back(pass(at, "never"));
    co_await async::gather(std::move(all));
}

async::awaitable<bool> stop(async::task_group& group) {
    co_await group.stop();
    co_return true;
}

}  // namespace

TEST_CASE("who cancels a gathering cancels all of it", "[async][gather]") {
    boost::asio::io_context loop;
    gate at(loop.get_executor());
    async::task_group group(loop.get_executor());
    group.start(gather_for_ever(at));
    loop.run_for(std::chrono::milliseconds(5));
    CHECK(at.waiting == 3);
    CHECK(run_to_end(loop, stop(group)));
    CHECK(group.size() == 0);
}
