#include "waypost/inbound/server.hpp"

#include <algorithm>
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
    std::shared_ptr<const inbound::settings> all;  // that `settings` are part of
    const listener_settings* settings;
    net::acceptor sockets;
    std::string name;  // for the log
    bool is_closed = false;
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

server::server(const async::executor& executor, dependencies context, std::shared_ptr<const settings> settings)
    : executor_(executor),
      context_(context),
      settings_(std::move(settings)),
      admission_(std::make_unique<admission>(*settings_)),
      budgets_(std::make_unique<budgets>(*settings_)),
      accepting_(executor),
      sessions_(executor,
                [this](std::exception_ptr bug) { context_.log.error("smtp", "bug", {{"what", base::text_of(bug)}}); }),
      session_ended_(executor) {}

server::~server() = default;

void server::open() {
    for (const listener_settings& each : settings_->listeners) listeners_.push_back(open(settings_, each));
}

server::listener_ptr server::open(std::shared_ptr<const settings> settings, const listener_settings& one) {
    if (!one.endpoint) {
        auto socket = open_submission_socket(executor_, *settings, context_.log);
        return std::make_shared<listener>(
            listener{std::move(settings), &one, std::move(socket.listening), std::move(socket.path)});
    }
    auto sockets = net::acceptor::tcp(executor_, *one.endpoint);
    const std::string name = net::to_string(sockets.local().value_or(*one.endpoint));
    return std::make_shared<listener>(listener{std::move(settings), &one, std::move(sockets), name});
}

void server::start() {
    for (const auto& each : listeners_) start(each);
}

void server::start(const listener_ptr& listener) {
    context_.log.info("smtp", "listening", {{"address", listener->name}});
    accepting_.start(accept_from(listener));
}

/// The one that listens where `one` of `all` wants to.
server::listener_ptr server::open_listener_for(const settings& all, const listener_settings& one) const {
    const auto is_there = [&](const listener_ptr& each) {
        return each->settings->endpoint == one.endpoint && (one.endpoint || each->all->socket_path == all.socket_path);
    };
    const auto place = std::ranges::find_if(listeners_, is_there);
    return place == listeners_.end() ? nullptr : *place;
}

void server::apply(std::shared_ptr<const settings> settings) {
    std::vector<listener_ptr> next;
    std::set<listener_ptr> opened;
    for (const listener_settings& each : settings->listeners) {
        next.push_back(open_listener_for(*settings, each));
        if (next.back() == nullptr) opened.insert(next.back() = open(settings, each));
    }
    // From here on nothing can fail but memory.
    for (std::size_t i = 0; i < next.size(); ++i) {
        next[i]->settings = &settings->listeners[i];
        next[i]->all = settings;
    }
    for (const listener_ptr& each : listeners_) {
        if (std::ranges::find(next, each) != next.end()) continue;
        context_.log.info("smtp", "closed", {{"address", each->name}});
        close(*each, "4.3.2 " + each->settings->protocol.host.text() + " Service not available");
    }
    settings_ = std::move(settings);
    listeners_ = std::move(next);
    admission_->set_limits(*settings_);
    budgets_->set_limits(*settings_);
    session_ended_.notify();  // there may be room for more of them
    for (const listener_ptr& each : opened) start(each);
}

async::awaitable<> server::stop(async::duration grace) {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
    session_ended_.notify();
    co_await accepting_.stop();
    for (const auto& each : listeners_) close(*each, shutdown_words(each->settings->protocol.host));
    for (session* each : live_) each->end_soon();
    const async::duration for_content = grace * tenths_for_content / 10;
    if (for_content > async::duration::zero()) {
        co_await (sessions_.join() || context_.clock.sleep_for(for_content));
        for (session* each : live_) each->end_now();
        co_await (sessions_.join() || context_.clock.sleep_for(grace - for_content));
    }
    co_await sessions_.stop();
}

/// Whoever has connected already is told so.
void server::close(listener& listener, const std::string& reason) {
    listener.is_closed = true;
    while (auto client = listener.sockets.accept_connected()) turn_away(listener, std::move(client), reason);
    listener.sockets.close();
}

std::vector<net::endpoint> server::endpoints() const {
    std::vector<net::endpoint> all;
    for (const auto& each : listeners_) {
        if (const auto where = each->sockets.local()) all.push_back(*where);
    }
    return all;
}

async::awaitable<> server::accept_from(listener_ptr listener) {
    while (!listener->is_closed) {
        auto client = co_await listener->sockets.accept();
        if (client.error() == boost::asio::error::operation_aborted) co_return;
        if (client.has_error()) {
            if (listener->is_closed) co_return;
            context_.log.warn("smtp", "accept-failed", {{"reason", client.error().message()}});
            co_await context_.clock.sleep_for(pause_after_failure);
            continue;
        }
        const auto peer = (*client)->peer();
        auto arrival = admission_->arrive(peer ? std::optional(peer->ip) : std::nullopt, (*client)->peer_uid());
        if (const auto* refused = std::get_if<admission::refusal>(&arrival)) {
            turn_away(*listener, std::move(*client),
                      "4.7.0 " + listener->settings->protocol.host.text() + " Error: " + refused->text);
            continue;
        }
        // At the limit one client of each listener waits here for its greeting, and the others in the kernel.
        auto slot = admission_->try_take(door_of(*listener->settings));
        while (!slot && !stopping_) {
            co_await session_ended_.wait();
            slot = admission_->try_take(door_of(*listener->settings));
        }
        if (stopping_) {
            turn_away(*listener, std::move(*client), shutdown_words(listener->settings->protocol.host));
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
    if (listener.settings->implicit_tls) return client->close();
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

async::awaitable<> server::serve(listener_ptr listener, std::unique_ptr<net::stream> client,
                                 std::unique_ptr<held> place) {
    if (stopping_) {
        turn_away(*listener, std::move(client), shutdown_words(listener->settings->protocol.host));
        co_return;
    }
    // Those that the session began with, whatever comes to apply meanwhile.
    const std::shared_ptr<const settings> all = listener->all;
    session mine(executor_, context_, *all, *listener->settings, *budgets_, std::move(client));
    struct registered {
        std::set<session*>& sessions;
        session* one;
        ~registered() { sessions.erase(one); }
    } const entry{live_, &mine};
    live_.insert(&mine);
    co_await mine.run();
}

}  // namespace waypost::inbound
