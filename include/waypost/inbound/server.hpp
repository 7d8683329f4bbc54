// Takes mail in: all listeners, and the sessions of their clients.
//
// Lifecycle: open() binds every socket (and throws where one cannot be had), start() accepts, stop() ends listeners
// first, then sessions. A client whose message was not yet answered 250 keeps it and sends it again.
#pragma once

#include <memory>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/permits.hpp"
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
struct surroundings {
    async::clock& clock;
    observe::log& log;
    async::workers& io;
    dns::resolver& dns;
    spool::store& store;
    queue::mail_queue& queue;
    const rules::ruleset& rules;
    rules::user_files& files;
};

class server {
public:
    server(const async::executor& on, surroundings with, settings how);
    ~server();

    void open();
    void start();
    async::awaitable<> stop();
    /// Where the listeners are, with the ports that the kernel chose.
    [[nodiscard]] std::vector<net::endpoint> endpoints() const;

private:
    struct listener;
    async::awaitable<> accept_from(listener& from);
    async::awaitable<> serve(listener& from, std::unique_ptr<net::stream> client, async::permits::token slot);

    async::executor executor_;
    surroundings with_;
    settings settings_;
    std::vector<std::unique_ptr<listener>> listeners_;
    async::task_group accepting_;
    async::task_group sessions_;
    async::permits slots_;
    async::event session_ended_;
};

}  // namespace waypost::inbound
