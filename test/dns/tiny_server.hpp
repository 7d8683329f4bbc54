// A DNS server on a free loopback port, of UDP and TCP, that answers whatever the test says.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "message.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::test {

class tiny_server {
public:
    /// The datagrams to send back, or the messages on the same connection; none: silence.
    using answers = std::function<std::vector<std::string>(const asked& question, bool by_tcp)>;

    tiny_server(boost::asio::io_context& loop, answers given)
        : tiny_server(loop, std::move(given), {boost::asio::ip::address_v4::loopback(), 0}) {}
    /// Port 0: any.
    tiny_server(boost::asio::io_context& loop, answers given, const net::endpoint& endpoint)
        : given_(std::move(given)), udp_(loop), tcp_(loop) {
        take_a_port(endpoint);
        receive();
        accept();
    }

    [[nodiscard]] net::endpoint where() const {
        return {udp_.local_endpoint().address(), udp_.local_endpoint().port()};
    }

    /// A late answer, to who asked last by UDP.
    void send_to_last_peer(const std::string& message) { udp_.send_to(boost::asio::buffer(message), last_); }

    std::vector<std::string> questions;  // "TYPE NAME", with " tcp" behind those by TCP

private:
    struct connection {
        explicit connection(boost::asio::ip::tcp::socket s) : socket(std::move(s)) {}
        boost::asio::ip::tcp::socket socket;
        std::array<char, 2> size = {};
        std::string bytes;
    };

    /// One that is free for both: other tests take ports at the same time.
    void take_a_port(const net::endpoint& endpoint) {
        for (int tries = 0;; ++tries) {
            udp_ = boost::asio::ip::udp::socket(udp_.get_executor(), {endpoint.ip, endpoint.port});
            boost::system::error_code taken;
            tcp_.open(boost::asio::ip::tcp::v4());
            tcp_.bind({endpoint.ip, udp_.local_endpoint().port()}, taken);
            if (!taken) break;
            if (tries == 100) throw std::runtime_error("no port is free for UDP and TCP");
            tcp_.close();
        }
        tcp_.listen();
    }

    std::vector<std::string> answer(std::string_view message, bool by_tcp) {
        const asked question = read_question(message);
        questions.push_back(std::to_string(question.type) + " " + question.name + (by_tcp ? " tcp" : ""));
        return given_(question, by_tcp);
    }

    void receive() {
        udp_.async_receive_from(boost::asio::buffer(buffer_), from_,
                                [this](boost::system::error_code failed, std::size_t size) {
                                    if (failed) return;
                                    last_ = from_;
                                    for (const std::string& each : answer({buffer_.data(), size}, false)) {
                                        udp_.send_to(boost::asio::buffer(each), from_);
                                    }
                                    receive();
                                });
    }

    void accept() {
        tcp_.async_accept([this](boost::system::error_code failed, boost::asio::ip::tcp::socket peer) {
            if (failed) return;
            serve(std::make_shared<connection>(std::move(peer)));
            accept();
        });
    }

    void serve(const std::shared_ptr<connection>& one) {
        boost::asio::async_read(one->socket, boost::asio::buffer(one->size),
                                [this, one](boost::system::error_code failed, std::size_t) {
                                    if (failed) return;
                                    one->bytes.resize(static_cast<unsigned char>(one->size[0]) * 256U +
                                                      static_cast<unsigned char>(one->size[1]));
                                    boost::asio::async_read(one->socket, boost::asio::buffer(one->bytes),
                                                            [this, one](boost::system::error_code broken, std::size_t) {
                                                                if (!broken) reply(one);
                                                            });
                                });
    }

    void reply(const std::shared_ptr<connection>& one) {
        auto out = std::make_shared<std::string>();
        for (const std::string& each : answer(one->bytes, true)) {
            *out += u16(static_cast<unsigned>(each.size())) + each;
        }
        boost::asio::async_write(one->socket, boost::asio::buffer(*out),
                                 [this, one, out](boost::system::error_code failed, std::size_t) {
                                     if (!failed) serve(one);
                                 });
    }

    answers given_;
    boost::asio::ip::udp::socket udp_;
    boost::asio::ip::tcp::acceptor tcp_;
    boost::asio::ip::udp::endpoint from_;
    boost::asio::ip::udp::endpoint last_;
    std::array<char, 4096> buffer_ = {};
};

}  // namespace waypost::test
