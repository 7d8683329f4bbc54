// A real server on loopback, with fakes behind it, and clients that talk to it over real sockets.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "support/captured_stderr.hpp"
#include "support/fake_resolver.hpp"
#include "support/fake_table.hpp"
#include "support/fake_user_files.hpp"
#include "support/mail_house.hpp"
#include "support/stream_pair.hpp"
#include "waypost/inbound/server.hpp"
#include "waypost/net/connect.hpp"
#include "waypost/net/tls_context.hpp"

namespace waypost::test {

/// One client's end. What it sends it sends as it is; what it reads are whole replies.
class smtp_client {
public:
    smtp_client(boost::asio::io_context& loop, std::unique_ptr<net::stream> stream)
        : loop_(loop), stream_(std::move(stream)) {}

    void send(std::string_view bytes) { REQUIRE(finish(loop_, stream_->write(bytes)).has_value()); }
    /// One reply with all its lines, CRLF turned into LF; "(closed)" when there is none any more.
    std::string reply() { return finish(loop_, next_reply()); }
    std::string ask(const std::string& command) {
        send(command + "\r\n");
        return reply();
    }
    /// The replies to a burst, one a line: code and the rest of their last line.
    std::vector<std::string> replies(std::size_t count) {
        std::vector<std::string> all;
        while (all.size() < count) all.push_back(reply());
        return all;
    }
    /// Whether something can be read, a reply or the end, without anything more being sent.
    bool hears_something() {
        settle(loop_);
        return finish(loop_, can_read());
    }
    void start_tls(const std::string& name) {
        const auto trust = net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = {}});
        REQUIRE(finish(loop_, stream_->start_tls_client(*trust, name)).has_value());
    }
    void close() { stream_->close(); }
    net::stream& stream() { return *stream_; }

private:
    async::awaitable<std::string> next_reply() {
        for (;;) {
            std::size_t begin = 0;
            for (std::size_t end = 0; (end = pending_.find("\r\n", begin)) != std::string::npos; begin = end + 2) {
                if (end - begin > 3 && pending_[begin + 3] == '-') continue;
                std::string whole = pending_.substr(0, end);
                pending_.erase(0, end + 2);
                std::erase(whole, '\r');
                co_return whole;
            }
            char piece[4096];
            const auto bytes = co_await stream_->read_some(piece);
            if (bytes.has_error()) co_return pending_.empty() ? "(closed)" : "(cut short) " + pending_;
            pending_.append(piece, *bytes);
        }
    }
    /// Gives up after some time: a test that expects silence pays for it.
    async::awaitable<bool> can_read() {
        using namespace boost::asio::experimental::awaitable_operators;
        if (!pending_.empty()) co_return true;
        async::real_clock clock;
        char piece[4096];
        const auto first = co_await (stream_->read_some(piece) || clock.sleep_for(std::chrono::milliseconds(30)));
        if (first.index() == 1) co_return false;
        const auto& bytes = std::get<0>(first);
        if (bytes.has_value()) pending_.append(piece, *bytes);
        co_return true;
    }

    boost::asio::io_context& loop_;
    std::unique_ptr<net::stream> stream_;
    std::string pending_;
};

struct front_door {
    captured_stderr output;
    temporary_directory directory;
    mail_house house;
    fake_resolver dns;
    shelf out;
    fake_table domains{{{"example.org", ""}}};
    fake_table passwords{{{"ada", "ada:{PLAIN}correct horse"}}};
    rules::ruleset rules = accepting();
    fake_user_files files;
    inbound::settings how;
    std::unique_ptr<inbound::server> server;
    async::real_clock real;

    front_door() {
        house.queue.assign("out", out, false);
        how.listeners.push_back(listener());
    }
    ~front_door() {
        try {
            if (server != nullptr) finish(house.loop, server->stop());
            finish(house.loop, house.queue.stop());
        } catch (const std::exception& hangs) {
            FAIL_CHECK("the server does not stop: " << hangs.what());
        }
    }

    static inbound::listener_settings listener() {
        inbound::listener_settings made{.endpoint = loopback(),
                                        .protocol = {.host = mail::domain::parse("mx.example.org").value()},
                                        .tls = nullptr};
        return made;
    }
    inbound::listener_settings& first() { return how.listeners.front(); }
    std::shared_ptr<const net::tls_context> tls() {
        const net::key_pair pair{directory / "host.crt", directory / "host.key"};
        net::ensure_self_signed(pair, "mx.example.org");
        return net::tls_context::server({.identities = {pair}, .ca_file = {}, .demand_client_certificate = false});
    }

    void open() {
        how.rules = &rules;
        server = std::make_unique<inbound::server>(
            house.loop.get_executor(),
            inbound::dependencies{house.clock, house.log, house.io, dns, house.store, house.queue, files},
            std::make_shared<const inbound::settings>(how));
        server->open();
        server->start();
    }
    /// A client that has not heard the greeting yet.
    smtp_client connect(std::size_t listener = 0) {
        auto stream =
            finish(house.loop, net::connect_tcp(server->endpoints().at(listener), std::nullopt, real, patience));
        return {house.loop, std::move(stream.value())};
    }
    /// A client that has said hello.
    smtp_client greeted() {
        auto client = connect();
        CHECK(client.reply() == "220 mx.example.org ESMTP waypost");
        CHECK(client.ask("EHLO client.example").starts_with("250-mx.example.org"));
        return client;
    }
    /// A client that may send content: 354 was the last reply.
    smtp_client sending(const std::string& recipient = "bob@example.org") {
        auto client = greeted();
        CHECK(client.ask("MAIL FROM:<ada@example.net>").starts_with("250 "));
        CHECK(client.ask("RCPT TO:<" + recipient + ">").starts_with("250 "));
        CHECK(client.ask("DATA").starts_with("354 "));
        return client;
    }
    /// The content of a message as it is kept, trace fields and all.
    std::string kept(const spool::message& message) {
        const auto read = [](const spool::content& content) -> async::awaitable<std::string> {
            std::string all;
            std::vector<char> scratch;
            while (all.size() < content.size()) {
                const auto piece = co_await content.read(all.size(), scratch);
                if (piece.has_error() || piece->empty()) break;
                all += *piece;
            }
            co_return all;
        };
        return finish(house.loop, read(*message.text));
    }
    [[nodiscard]] std::size_t messages() const { return house.store.rows.messages.size(); }

private:
    rules::ruleset accepting() {
        std::vector<std::unique_ptr<rules::action>> actions;
        actions.push_back(std::make_unique<rules::action>());
        actions.back()->name = "out";
        std::vector<rules::rule> all(1);
        all.front().conditions = {{.tested = rules::condition::subject::from_any},
                                  {.tested = rules::condition::subject::for_domain, .values = &domains}};
        all.front().outcome = actions.front().get();
        return rules::ruleset(std::move(actions), std::move(all), {});
    }
};

}  // namespace waypost::test
