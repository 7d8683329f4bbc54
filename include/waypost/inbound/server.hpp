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
    const rules::ruleset& rules;
    rules::user_files& files;
};

class session;
class admission;
struct budgets;

class server {
public:
    server(const async::executor& executor, dependencies context, settings settings);
    ~server();

    void open();
    void start();
    /// No more clients; a session between commands hears 421 at once. What is being committed gets its answer, however
    /// long that takes; content may end within the better half of `grace`; whatever has not ended after it is cut off
    /// with 421.
    async::awaitable<> stop(async::duration grace = {});
    /// Where the listeners are, with the ports that the kernel chose.
    [[nodiscard]] std::vector<net::endpoint> endpoints() const;

private:
    struct listener;
    struct held;
    async::awaitable<> accept_from(listener& listener);
    void turn_away(const listener& listener, std::unique_ptr<net::stream> client, const std::string& reason);
    async::awaitable<> say_and_close(std::unique_ptr<net::stream> client, std::string words);
    void log_refusal(const net::stream& client, const std::string& reason);
    async::awaitable<> serve(listener& listener, std::unique_ptr<net::stream> client, std::unique_ptr<held> place);

    async::executor executor_;
    dependencies context_;
    settings settings_;
    std::vector<std::unique_ptr<listener>> listeners_;
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
