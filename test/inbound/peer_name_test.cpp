#include "waypost/inbound/peer_name.hpp"

#include <catch2/catch.hpp>

#include "support/fake_resolver.hpp"
#include "support/run_until.hpp"
#include "waypost/async/task_group.hpp"

using namespace waypost;
using inbound::peer_name;
using test::finish;

namespace {

struct fixture {
    boost::asio::io_context loop;
    test::fake_resolver dns;
    std::shared_ptr<peer_name> name = std::make_shared<peer_name>(loop.get_executor());
    async::task_group group{loop.get_executor()};

    base::result<std::string> ask(const std::string& ip) {
        group.start(peer_name::ask(name, dns, boost::asio::ip::make_address(ip)));
        return finish(loop, name->wait());
    }
};

}  // namespace

TEST_CASE("a name that leads back to its address is confirmed", "[inbound][peer_name]") {
    fixture f;
    f.dns.pointer("192.0.2.1", {"mx.example.org"}).host("mx.example.org", {"192.0.2.9", "192.0.2.1"});
    CHECK(f.ask("192.0.2.1").value() == "mx.example.org");
    CHECK(f.name->known() == "mx.example.org");
}

TEST_CASE("IPv6 clients have names too", "[inbound][peer_name]") {
    fixture f;
    f.dns.pointer("2001:db8::1", {"six.example.org"}).host("six.example.org", {"2001:db8::1"});
    CHECK(f.ask("2001:db8::1").value() == "six.example.org");
}

TEST_CASE("a name that leads elsewhere is not the client's", "[inbound][peer_name]") {
    // Anybody can say in his own zone that his address is called www.bank.example.
    fixture f;
    f.dns.pointer("192.0.2.1", {"www.bank.example"}).host("www.bank.example", {"203.0.113.5"});
    CHECK(f.ask("192.0.2.1").value().empty());
    CHECK(f.name->known().empty());
}

TEST_CASE("a client without a name, or whose name does not exist, has none", "[inbound][peer_name]") {
    fixture f;
    SECTION("no PTR") {}
    SECTION("the zone says that there is none") {
        f.dns.pointers.insert_or_assign("192.0.2.1", base::error_code(dns::errc::not_found));
    }
    SECTION("the name does not exist") { f.dns.pointer("192.0.2.1", {"gone.example.org"}); }
    SECTION("the name has no address") {
        f.dns.pointer("192.0.2.1", {"bare.example.org"}).host("bare.example.org", {});
    }
    const auto got = f.ask("192.0.2.1");
    REQUIRE(got.has_value());
    CHECK(got->empty());
}

TEST_CASE("of several names the first that is confirmed counts", "[inbound][peer_name]") {
    fixture f;
    f.dns.pointer("192.0.2.1", {"a.example", "b.example", "c.example"})
        .host("a.example", {"192.0.2.7"})
        .host("b.example", {"192.0.2.1"})
        .host("c.example", {"192.0.2.1"});
    CHECK(f.ask("192.0.2.1").value() == "b.example");
}

TEST_CASE("a client with a thousand names costs few questions", "[inbound][peer_name]") {
    fixture f;
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back("n" + std::to_string(i) + ".example");
    f.dns.pointer("192.0.2.1", names);
    CHECK(f.ask("192.0.2.1").value().empty());
    CHECK(f.dns.questions.size() <= 6);
}

TEST_CASE("a DNS that cannot be asked is not a client without a name", "[inbound][peer_name]") {
    fixture f;
    SECTION("for the name") { f.dns.pointers.insert_or_assign("192.0.2.1", base::error_code(dns::errc::unavailable)); }
    SECTION("for the address of the name") {
        f.dns.pointer("192.0.2.1", {"mx.example.org"});
        f.dns.hosts.insert_or_assign("mx.example.org", base::error_code(dns::errc::unavailable));
    }
    const auto got = f.ask("192.0.2.1");
    REQUIRE(got.has_error());
    CHECK(got.error() == dns::errc::unavailable);
    CHECK(f.name->known().empty());
}

TEST_CASE("one name that cannot be looked up does not hide another that is confirmed", "[inbound][peer_name]") {
    fixture f;
    f.dns.pointer("192.0.2.1", {"broken.example", "mx.example.org"}).host("mx.example.org", {"192.0.2.1"});
    f.dns.hosts.insert_or_assign("broken.example", base::error_code(dns::errc::unavailable));
    CHECK(f.ask("192.0.2.1").value() == "mx.example.org");
}

TEST_CASE("this machine is localhost and nobody is asked", "[inbound][peer_name]") {
    fixture f;
    CHECK(f.ask("127.0.0.1").value() == "localhost");
    CHECK(f.ask("::1").value() == "localhost");
    CHECK(f.dns.questions.empty());
}

TEST_CASE("until the answer is there no name is known, and everyone may wait for it", "[inbound][peer_name]") {
    fixture f;
    f.dns.pointer("192.0.2.1", {"mx.example.org"}).host("mx.example.org", {"192.0.2.1"});
    int answered = 0;
    const auto wait = [](std::shared_ptr<peer_name> on, int& count) -> async::awaitable<> {
        if ((co_await on->wait()).value() == "mx.example.org") ++count;
    };
    f.group.start(wait(f.name, answered));
    f.group.start(wait(f.name, answered));
    f.group.start(peer_name::ask(f.name, f.dns, boost::asio::ip::make_address("192.0.2.1")));
    CHECK(f.name->known().empty());
    test::run_until(f.loop, [&] { return answered == 2; });
    CHECK(finish(f.loop, f.name->wait()).value() == "mx.example.org");
}
