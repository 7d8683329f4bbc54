// The dialer of the program: opens connections over TCP and Unix sockets and drains mail down them.
//
// A server's two address families race (RFC 8305): the second is tried when the first has not answered for a quarter of
// a second, or at once when it has failed, and the first that is ready for mail is used.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "connection.hpp"
#include "dialer.hpp"
#include "waypost/relay/dependencies.hpp"

namespace waypost::relay {

class socket_dialer final : public dialer {
public:
    socket_dialer(const async::executor& executor, dependencies context) : executor_(executor), context_(context) {}

    async::awaitable<> serve(connection_attempt& attempt) override;

private:
    struct connected {
        route path;
        std::unique_ptr<net::stream> peer;
    };
    /// A connection that is ready for its first transaction.
    struct opened {
        route path;
        std::unique_ptr<connection> connection;
    };
    struct race;

    // Nothing: each attempt has failed, and has said so.
    async::awaitable<std::optional<opened>> open(connection_attempt& attempt);
    async::awaitable<std::optional<connected>> connect(connection_attempt& attempt);

    async::awaitable<> hold(race& both, connection_attempt& attempt);
    async::awaitable<> run(race& race, connection_attempt& attempt, route route);
    async::awaitable<base::result<std::unique_ptr<net::stream>>> connect_along(const route& route,
                                                                               async::duration limit);
    static void fail(connection_attempt& attempt, const route& route, const base::error_code& error);

    async::awaitable<std::optional<smtp::session_failed>> prepare(connection_attempt& attempt,
                                                                  mail::transport_security security, connected over,
                                                                  std::string helo,
                                                                  std::unique_ptr<connection>& opened_connection);
    static async::awaitable<> greet(connection& fresh, mail::transport_security security,
                                    std::optional<smtp::session_failed>& refused);
    async::awaitable<std::variant<std::string, mail::status>> helo_name(const connection_attempt& attempt,
                                                                        const net::stream& stream);

    async::executor executor_;
    dependencies context_;
};

}  // namespace waypost::relay
