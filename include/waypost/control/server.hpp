// The control socket: a Unix socket in the state directory that takes requests and answers them, a line each.
//
// Only the daemon's own user (and root) can connect. A client that talks nonsense is told so and let go; whatever it
// sends, it ends at most its own connection.
#pragma once

#include <memory>
#include <string>

#include "waypost/async/clock.hpp"
#include "waypost/async/permits.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/control/command.hpp"
#include "waypost/net/acceptor.hpp"
#include "waypost/observe/log.hpp"

namespace waypost::control {

class server {
public:
    /// Throws std::runtime_error when the socket cannot be opened. Clock and log outlive it.
    server(const async::executor& executor, async::clock& time, observe::log& log, const std::string& path,
           commands commands);

    void start();
    async::awaitable<> stop();

private:
    async::awaitable<> accept();
    async::awaitable<> serve(std::unique_ptr<net::stream> client, async::permits::token place);
    async::awaitable<> converse(net::stream& client);
    async::awaitable<answer> perform(std::string line);

    async::executor executor_;
    async::clock& clock_;
    observe::log& log_;
    commands commands_;
    net::acceptor sockets_;
    async::permits places_;
    async::task_group clients_;
    async::task_group accepting_;
};

}  // namespace waypost::control
