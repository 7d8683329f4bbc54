#include "hosts_file.hpp"

#include <catch2/catch.hpp>

#include "support/run_to_end.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/async/gather.hpp"

using namespace waypost;
using namespace waypost::dns;
using namespace std::chrono_literals;
using words = std::vector<std::string>;

namespace {

words texts(const std::vector<net::address>& ips) {
    words list;
    for (const net::address& each : ips) list.push_back(each.to_string());
    return list;
}

struct fixture {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    std::shared_ptr<hosts_file> file = std::make_shared<hosts_file>(directory / "hosts", clock);

    words ask(const std::string& name) {
        return texts(test::run_to_end(loop, hosts_file::look(file))->addresses(name));
    }
};

}  // namespace

TEST_CASE("a hosts file is read as hosts(5) has it", "[dns][hosts_file]") {
    const host_table table(
        "127.0.0.1 localhost\n# 192.0.2.9 comment\n\t192.0.2.1\tMX.example.org mx # alias\n"
        "2001:db8::1 mx.example.org\n192.0.2.1 again.example.org\nnonsense here\n192.0.2.7\n192.0.2.3 "
        "last.example.org");
    CHECK(texts(table.addresses("mx.EXAMPLE.org")) == words{"192.0.2.1", "2001:db8::1"});
    CHECK(texts(table.addresses("mx.example.org.")) == words{"192.0.2.1", "2001:db8::1"});
    CHECK(texts(table.addresses("mx")) == words{"192.0.2.1"});
    CHECK(texts(table.addresses("last.example.org")) == words{"192.0.2.3"});
    CHECK(table.addresses("comment").empty());
    CHECK(table.addresses("here").empty());
    CHECK(table.addresses("").empty());
    CHECK(table.names(net::parse_address("192.0.2.1").value()) == words{"MX.example.org"});
    CHECK(table.names(net::parse_address("::ffff:192.0.2.1").value()) == words{"MX.example.org"});
    CHECK(table.names(net::parse_address("192.0.2.7").value()).empty());
}

TEST_CASE("names in a hosts file that could spoil a log line are none", "[dns][hosts_file]") {
    const host_table table("192.0.2.1 a\x1b[31m b\"c\n192.0.2.2 " + std::string(300, 'x') + "\n");
    CHECK(table.names(net::parse_address("192.0.2.1").value()).empty());
    CHECK(table.names(net::parse_address("192.0.2.2").value()).empty());
    CHECK(host_table(std::string("\0\r\n\t", 4)).addresses("x").empty());
}

TEST_CASE("structural 4: the hosts file is read when it has changed, by a worker, once however many ask",
          "[dns][hosts_file]") {
    fixture f;
    CHECK(f.ask("a.example").empty());  // there is no file
    test::write_file(f.directory / "hosts", "192.0.2.1 a.example\n");
    CHECK(f.ask("a.example").empty());  // looked at a moment ago
    f.clock.advance(1s);
    CHECK(f.ask("a.example") == words{"192.0.2.1"});

    // Read while a worker is busy: the loop is not held up, and what is known serves all but the first.
    test::write_file(f.directory / "hosts", "192.0.2.2 a.example\n192.0.2.2 b.example\n");
    f.clock.advance(1s);
    using answer = std::shared_ptr<const host_table>;
    std::vector<async::awaitable<answer>> askers;
    for (int i = 0; i < 50; ++i) askers.push_back(hosts_file::look(f.file));
    const auto answers = test::run_to_end(f.loop, async::gather(std::move(askers)));
    CHECK(texts(answers.front()->addresses("a.example")) == words{"192.0.2.2"});
    CHECK(texts(answers.back()->addresses("a.example")) == words{"192.0.2.1"});

    std::filesystem::remove(f.directory / "hosts");
    f.clock.advance(1s);
    CHECK(f.ask("a.example").empty());
}
