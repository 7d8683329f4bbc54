// Takes mail in: all listeners, and the sessions of their clients.
//
// Lifecycle: open() binds every socket (and throws where one cannot be had), start() accepts, stop() ends listeners
// first, then sessions. Every client hears the answer to what it has sent, or 421: one that hears neither would send
// again what is kept already.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/dns/resolver.hpp"
#include "waypost/inbound/settings.hpp"
#include "waypost/net/acceptor.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/mail_queue.hpp"
#include "waypost/rules/ruleset.hpp"
#include "waypost/rules/user_files.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::inbound {

/// What sessions need of the rest of the program. All of it outlives the server.
struct dependencies {
    async::clock& clock;
    observe::log& log;
    async::thread_pool& io;
    dns::resolver& dns;
    spool::store& store;
    queue::mail_queue& queue;
    rules::user_files& files;
};

class session;
class admission;
struct budgets;

class server {
public:
    /// `settings` lives as long as somebody uses it: a session keeps those that it began with.
    server(const async::executor& executor, dependencies context, std::shared_ptr<const settings> settings);
    ~server();

    void open();
    void start();
    /// Goes on with other settings: listeners that stay are kept open, new ones are opened, those that are gone take no
    /// more clients. Sessions that are there end as they began. Throws, and nothing has changed, where a new listener
    /// cannot be had: also where it overlaps an old one, as 0.0.0.0 does. Between start() and stop().
    void apply(std::shared_ptr<const settings> settings);
    /// No more clients; a session between commands hears 421 at once. What is being committed gets its answer, however
    /// long that takes; content may end within the better half of `grace`; whatever has not ended after it is cut off
    /// with 421.
    async::awaitable<> stop(async::duration grace = {});
    /// Where the listeners are, with the ports that the kernel chose.
    [[nodiscard]] std::vector<net::endpoint> endpoints() const;

private:
    struct listener;
    struct held;
    using listener_ptr = std::shared_ptr<listener>;
    [[nodiscard]] listener_ptr open(std::shared_ptr<const settings> settings, const listener_settings& one);
    [[nodiscard]] listener_ptr open_listener_for(const settings& all, const listener_settings& one) const;
    void close(listener& listener, const std::string& reason);
    void start(const listener_ptr& listener);
    async::awaitable<> accept_from(listener_ptr listener);
    void turn_away(const listener& listener, std::unique_ptr<net::stream> client, const std::string& reason);
    async::awaitable<> say_and_close(std::unique_ptr<net::stream> client, std::string words);
    void log_refusal(const net::stream& client, const std::string& reason);
    async::awaitable<> serve(listener_ptr listener, std::unique_ptr<net::stream> client, std::unique_ptr<held> place);

    async::executor executor_;
    dependencies context_;
    std::shared_ptr<const settings> settings_;
    std::vector<listener_ptr> listeners_;
    std::unique_ptr<admission> admission_;
    std::unique_ptr<budgets> budgets_;
    std::set<session*> live_;
    async::task_group accepting_;
    async::task_group sessions_;
    async::event session_ended_;
    async::time_point refusal_logged_{};
    std::size_t refusals_not_logged_ = 0;
    bool stopping_ = false;
};

}  // namespace waypost::inbound
