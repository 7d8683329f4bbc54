#include "waypost/inbound/server.hpp"

#include <boost/asio/error.hpp>

#include "session.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/inbound/submission_socket.hpp"

namespace waypost::inbound {

namespace {

// Out of file descriptors, above all: accepting again at once would only spin.
constexpr std::chrono::milliseconds pause_after_failure{100};

}  // namespace

struct server::listener {
    const listener_settings& how;
    net::acceptor sockets;
    std::string name;  // for the log
};

server::server(const async::executor& on, surroundings with, settings how)
    : executor_(on),
      with_(with),
      settings_(std::move(how)),
      accepting_(on),
      sessions_(on, [this](std::exception_ptr bug) { with_.log.error("smtp", "bug", {{"what", base::text_of(bug)}}); }),
      slots_(settings_.max_sessions),
      session_ended_(on) {}

server::~server() = default;

void server::open() {
    for (const listener_settings& each : settings_.listeners) {
        if (each.at) {
            auto sockets = net::acceptor::tcp(executor_, *each.at);
            const std::string name = net::to_string(sockets.local().value_or(*each.at));
            listeners_.push_back(std::make_unique<listener>(listener{each, std::move(sockets), name}));
        } else {
            auto socket = open_submission_socket(executor_, settings_, with_.log);
            listeners_.push_back(std::make_unique<listener>(listener{each, std::move(socket.listening), socket.path}));
        }
    }
}

void server::start() {
    for (const auto& each : listeners_) {
        with_.log.info("smtp", "listening", {{"address", each->name}});
        accepting_.start(accept_from(*each));
    }
}

async::awaitable<> server::stop() {
    co_await accepting_.stop();
    for (const auto& each : listeners_) each->sockets.close();
    co_await sessions_.stop();
}

std::vector<net::endpoint> server::endpoints() const {
    std::vector<net::endpoint> all;
    for (const auto& each : listeners_) {
        if (const auto where = each->sockets.local()) all.push_back(*where);
    }
    return all;
}

async::awaitable<> server::accept_from(listener& from) {
    for (;;) {
        auto client = co_await from.sockets.accept();
        if (client.error() == boost::asio::error::operation_aborted) co_return;
        if (client.has_error()) {
            with_.log.warn("smtp", "accept-failed", {{"reason", client.error().message()}});
            co_await with_.clock.sleep_for(pause_after_failure);
            continue;
        }
        // At the limit one client of each listener waits here for his greeting, and the others in the kernel.
        auto slot = slots_.try_take();
        while (!slot) {
            co_await session_ended_.wait();
            slot = slots_.try_take();
        }
        sessions_.start(serve(from, std::move(*client), std::move(slot)));
    }
}

async::awaitable<> server::serve(listener& from, std::unique_ptr<net::stream> client, async::permits::token slot) {
    // Whatever ends the session gives its slot to the next one.
    struct giving_back {
        async::permits::token slot;
        async::event& ended;
        ~giving_back() {
            slot = {};
            ended.notify();
        }
    } const held{std::move(slot), session_ended_};
    session mine(executor_, with_, settings_, from.how, std::move(client));
    co_await mine.run();
}

}  // namespace waypost::inbound
