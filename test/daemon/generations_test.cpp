#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <set>

#include "support/captured_stderr.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_directory.hpp"
#include "support/text_source.hpp"
#include "waypost/async/run_with.hpp"
#include "waypost/daemon/assemble.hpp"
#include "waypost/smtp_io/client_connection.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using test::finish;

namespace {

/// A port of the loopback that nobody else is given, and that a listener of ours can have.
class reserved_port {
public:
    explicit reserved_port(boost::asio::io_context& loop) : socket_(loop) {
        socket_.open(boost::asio::ip::tcp::v4());
        socket_.set_option(boost::asio::socket_base::reuse_address(true));
        socket_.bind({boost::asio::ip::make_address("127.0.0.1"), 0});
    }
    [[nodiscard]] std::uint16_t number() const { return socket_.local_endpoint().port(); }

private:
    boost::asio::ip::tcp::socket socket_;
};

struct house {
    test::captured_stderr output;
    test::temporary_directory directory;
    boost::asio::io_context loop;
    async::thread_pool io{2};
    async::real_clock clock;
    test::scripted_server first_hop{loop};
    test::scripted_server second_hop{loop};
    reserved_port main_port{loop};
    reserved_port extra_port{loop};
    std::vector<std::weak_ptr<config::generation>> generations;
    std::unique_ptr<daemon::assembly> assembly;
    async::task_group clients{loop.get_executor()};
    std::size_t accepted = 0;
    std::size_t refused = 0;

    house() {
        test::write_file(directory / "domains", "else.example\n");
        assembly = std::make_unique<daemon::assembly>(loop, io, make(first_hop, false));
        assembly->start();
    }
    ~house() {
        finish(loop, clients.stop());
        finish(loop, assembly->stop());
    }

    /// Each has tables of its own, which sessions and relays ask, and every other one a listener more.
    std::shared_ptr<config::generation> make(const test::scripted_server& hop, bool has_extra_listener) {
        const std::string number = std::to_string(generations.size());
        std::string text = "hostname mx.example.org\nqueue path \"" + directory.path() + "/queue\"\n";
        text += "table domains file:" + (directory / "domains") + "\n";
        text += "listen on 127.0.0.1 port " + std::to_string(main_port.number()) + " tag G" + number + "\n";
        if (has_extra_listener) text += "listen on 127.0.0.1 port " + std::to_string(extra_port.number()) + "\n";
        text += "action \"always\" relay host \"smtp://127.0.0.1:" + hop.port() + "\"\n";
        text += "action \"by-url\" relay host { \"smtp://127.0.0.1:" + hop.port() + "\" }\n";
        text += "match from any for domain <domains> mail-from \"a@client.example\" action \"by-url\"\n";
        text += "match from any for domain <domains> action \"always\"\n";
        const config::parsed parsed = config::parse_text(text, "generation");
        auto loaded = config::load(parsed.model, io, false);
        if (!loaded.settings) throw std::runtime_error(config::to_string(loaded.faults.at(0)));
        generations.push_back(loaded.settings);
        return std::move(loaded.settings);
    }

    async::awaitable<> send_some(std::string sender, std::size_t messages) {
        auto stream =
            co_await net::connect_tcp(test::loopback(main_port.number()), std::nullopt, clock, test::patience);
        smtp_io::client_connection client(loop.get_executor(), std::move(stream.value()), clock,
                                          {.helo = "client.example", .tls = smtp::client_tls::never}, "the daemon",
                                          60s);
        co_await async::run_with(client.keep_time(), converse(client, std::move(sender), messages));
    }

    async::awaitable<> converse(smtp_io::client_connection& client, std::string sender, std::size_t messages) {
        for (std::size_t i = 0; i < messages; ++i) {
            if (!std::holds_alternative<smtp::idle>(co_await client.pump())) co_return;
            auto text = std::make_shared<test::text_source>("", "Subject: x\r\n\r\nbody\r\n");
            smtp::client_transaction message{.sender = {.address = mail::reverse_path::from_text(sender).value()},
                                             .recipients = {},
                                             .size = text->size()};
            message.recipients.push_back({.address = mail::mailbox::parse("bob@else.example").value()});
            client.begin(std::move(message), text);
            const auto step = co_await client.pump();
            const auto* done = std::get_if<smtp::transaction_done>(&step);
            ++(done != nullptr && done->statuses.front().is_success() ? accepted : refused);
        }
        client.protocol().quit();
        co_await client.pump();
    }

    /// A client that comes again for each few messages.
    async::awaitable<> send_all(std::string sender, std::size_t visits, std::size_t messages) {
        for (std::size_t i = 0; i < visits; ++i) co_await send_some(sender, messages);
    }

    [[nodiscard]] std::size_t arrived() const { return first_hop.mails.size() + second_hop.mails.size(); }
};

}  // namespace

TEST_CASE("the configuration changes under load, and nothing is lost, refused or kept for ever",
          "[daemon][generations]") {
    house house;
    constexpr std::size_t visits = 20;
    constexpr std::size_t messages = 5;
    constexpr std::size_t all = 4 * visits * messages;
    for (const char* sender : {"a@client.example", "b@client.example", "a@client.example", "c@client.example"})
        house.clients.start(house.send_all(sender, visits, messages));

    constexpr std::size_t changes = 20;
    for (std::size_t i = 1; i <= changes; ++i) {
        test::run_until(house.loop, [&] { return house.accepted + house.refused >= i * all / (changes + 2); });
        house.assembly->apply(house.make(i % 2 == 0 ? house.first_hop : house.second_hop, i % 2 == 1));
    }
    test::run_until(house.loop, [&] { return house.arrived() == all; });
    CHECK(house.refused == 0);
    CHECK(house.accepted == all);
    CHECK_FALSE(house.first_hop.mails.empty());
    CHECK_FALSE(house.second_hop.mails.empty());
    // The last one lives; its relays keep no other.
    test::run_until(house.loop, [&] {
        return std::ranges::count_if(house.generations, [](const auto& each) { return !each.expired(); }) == 1;
    });
    CHECK_FALSE(house.generations.back().expired());
    CHECK_FALSE(house.output.has("event=bug"));
}

TEST_CASE("a configuration whose listener cannot be had changes nothing", "[daemon][generations]") {
    house house;
    auto listening = net::acceptor::tcp(house.loop.get_executor(), test::loopback());
    auto next = house.make(house.second_hop, false);
    next->inbound.listeners.push_back(next->inbound.listeners.front());
    next->inbound.listeners.back().endpoint = *listening.local();
    CHECK_THROWS(house.assembly->apply(std::move(next)));
    house.clients.start(house.send_all("b@client.example", 1, 1));
    test::run_until(house.loop, [&] { return house.first_hop.mails.size() == 1; });
    CHECK(house.second_hop.mails.empty());
}
