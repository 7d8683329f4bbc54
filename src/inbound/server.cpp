#include "waypost/inbound/server.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "admission.hpp"
#include "budgets.hpp"
#include "session.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/inbound/submission_socket.hpp"

namespace waypost::inbound {

namespace {

// Out of file descriptors, above all: accepting again at once would only spin.
constexpr std::chrono::milliseconds pause_after_failure{100};
// Of the grace at the end, for content that is still coming; the rest is for whoever has to be told that it is over.
constexpr int tenths_for_content = 6;
// A crowd that is turned away must not fill the log.
constexpr std::chrono::seconds between_refusals_logged{1};

}  // namespace

struct server::listener {
    const listener_settings& settings;
    net::acceptor sockets;
    std::string name;  // for the log
};

/// What a client has of the server: whatever ends its session gives it to the next one.
struct server::held {
    admission::visit visit;
    std::optional<admission::slot> slot;
    async::event& ended;
    ~held() {
        slot.reset();
        ended.notify();
    }
};

server::server(const async::executor& executor, dependencies context, settings settings)
    : executor_(executor),
      context_(context),
      settings_(std::move(settings)),
      admission_(std::make_unique<admission>(settings_)),
      budgets_(std::make_unique<budgets>(settings_)),
      accepting_(executor),
      sessions_(executor,
                [this](std::exception_ptr bug) { context_.log.error("smtp", "bug", {{"what", base::text_of(bug)}}); }),
      session_ended_(executor) {}

server::~server() = default;

void server::open() {
    for (const listener_settings& each : settings_.listeners) {
        if (each.endpoint) {
            auto sockets = net::acceptor::tcp(executor_, *each.endpoint);
            const std::string name = net::to_string(sockets.local().value_or(*each.endpoint));
            listeners_.push_back(std::make_unique<listener>(listener{each, std::move(sockets), name}));
        } else {
            auto socket = open_submission_socket(executor_, settings_, context_.log);
            listeners_.push_back(std::make_unique<listener>(listener{each, std::move(socket.listening), socket.path}));
        }
    }
}

void server::start() {
    for (const auto& each : listeners_) {
        context_.log.info("smtp", "listening", {{"address", each->name}});
        accepting_.start(accept_from(*each));
    }
}

async::awaitable<> server::stop(async::duration grace) {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
    session_ended_.notify();
    co_await accepting_.stop();
    for (const auto& each : listeners_) {
        while (auto client = each->sockets.accept_connected())
            turn_away(*each, std::move(client), shutdown_words(each->settings.protocol.host));
        each->sockets.close();
    }
    for (session* each : live_) each->end_soon();
    const async::duration for_content = grace * tenths_for_content / 10;
    if (for_content > async::duration::zero()) {
        co_await (sessions_.join() || context_.clock.sleep_for(for_content));
        for (session* each : live_) each->end_now();
        co_await (sessions_.join() || context_.clock.sleep_for(grace - for_content));
    }
    co_await sessions_.stop();
}

std::vector<net::endpoint> server::endpoints() const {
    std::vector<net::endpoint> all;
    for (const auto& each : listeners_) {
        if (const auto where = each->sockets.local()) all.push_back(*where);
    }
    return all;
}

async::awaitable<> server::accept_from(listener& listener) {
    for (;;) {
        auto client = co_await listener.sockets.accept();
        if (client.error() == boost::asio::error::operation_aborted) co_return;
        if (client.has_error()) {
            context_.log.warn("smtp", "accept-failed", {{"reason", client.error().message()}});
            co_await context_.clock.sleep_for(pause_after_failure);
            continue;
        }
        const auto peer = (*client)->peer();
        auto arrival = admission_->arrive(peer ? std::optional(peer->ip) : std::nullopt, (*client)->peer_uid());
        if (const auto* refused = std::get_if<admission::refusal>(&arrival)) {
            turn_away(listener, std::move(*client),
                      "4.7.0 " + listener.settings.protocol.host.text() + " Error: " + refused->text);
            continue;
        }
        // At the limit one client of each listener waits here for its greeting, and the others in the kernel.
        auto slot = admission_->try_take(door_of(listener.settings));
        while (!slot && !stopping_) {
            co_await session_ended_.wait();
            slot = admission_->try_take(door_of(listener.settings));
        }
        if (stopping_) {
            turn_away(listener, std::move(*client), shutdown_words(listener.settings.protocol.host));
            continue;
        }
        std::unique_ptr<held> place(
            new held{std::get<admission::visit>(std::move(arrival)), std::move(slot), session_ended_});
        sessions_.start(serve(listener, std::move(*client), std::move(place)));
    }
}

/// A client that expects TLS cannot be told anything for so little.
void server::turn_away(const listener& listener, std::unique_ptr<net::stream> client, const std::string& reason) {
    log_refusal(*client, reason);
    if (listener.settings.implicit_tls) return client->close();
    sessions_.start(say_and_close(std::move(client), "421 " + reason + "\r\n"));
}

async::awaitable<> server::say_and_close(std::unique_ptr<net::stream> client, std::string words) {
    // Nothing was written before, so there is room for this and it does not wait.
    co_await client->write(words);
    client->end_writing();
    client->close();
}

void server::log_refusal(const net::stream& client, const std::string& reason) {
    const auto now = context_.clock.now();
    if (now < refusal_logged_ + between_refusals_logged) {
        ++refusals_not_logged_;
        return;
    }
    refusal_logged_ = now;
    context_.log.info("smtp", "turned-away",
                      {{"address", client.peer() ? net::to_string(*client.peer()) : "local"},
                       {"result", "421 " + reason},
                       {"others", std::exchange(refusals_not_logged_, 0)}});
}

async::awaitable<> server::serve(listener& listener, std::unique_ptr<net::stream> client, std::unique_ptr<held> place) {
    if (stopping_) {
        turn_away(listener, std::move(client), shutdown_words(listener.settings.protocol.host));
        co_return;
    }
    session mine(executor_, context_, settings_, listener.settings, *budgets_, std::move(client));
    struct registered {
        std::set<session*>& sessions;
        session* one;
        ~registered() { sessions.erase(one); }
    } const entry{live_, &mine};
    live_.insert(&mine);
    co_await mine.run();
}

}  // namespace waypost::inbound
