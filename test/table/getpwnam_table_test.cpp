#include "waypost/table/getpwnam_table.hpp"

#include <catch2/catch.hpp>

#include "support/run_to_end.hpp"
#include "waypost/table/services.hpp"

using namespace waypost::table;
using waypost::test::run_to_end;

TEST_CASE("the system's users are a table of users", "[table][getpwnam_table]") {
    boost::asio::io_context loop;  // outlives the workers, who hand their answers back to it
    waypost::async::thread_pool io(1);
    getpwnam_table users(io);
    CHECK(users.name() == "getpwnam");

    auto root = run_to_end(loop, find<userinfo>(users, "Root"));
    REQUIRE(root.has_value());
    REQUIRE(root->has_value());
    CHECK((*root)->uid == 0);
    CHECK((*root)->home == "/root");

    CHECK_FALSE(run_to_end(loop, find<userinfo>(users, "no-such-user-here")).value().has_value());
    CHECK_FALSE(run_to_end(loop, find<userinfo>(users, "")).value().has_value());
    CHECK_FALSE(run_to_end(loop, find<userinfo>(users, std::string("root\0x", 6))).value().has_value());
}

TEST_CASE("the system's users know nothing of other services", "[table][getpwnam_table]") {
    boost::asio::io_context loop;  // outlives the workers, who hand their answers back to it
    waypost::async::thread_pool io(1);
    getpwnam_table users(io);
    CHECK(run_to_end(loop, users.lookup(service::alias, "root")).error() == errc::unavailable);
    CHECK(run_to_end(loop, users.fetch(service::source)).error() == errc::unavailable);
    CHECK(name_of(service::userinfo) == "userinfo");
    CHECK(make_error_code(errc::unavailable).message() == "table unavailable");
}
