// The crew of the program: opens connections over TCP and Unix sockets and drains mail down them.
//
// A server's two address families race (RFC 8305): the second is tried when the first has not answered for a quarter of
// a second, or at once when it has failed, and the first that is ready for mail is used.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "connection.hpp"
#include "crew.hpp"
#include "waypost/relay/surroundings.hpp"

namespace waypost::relay {

class socket_crew final : public crew {
public:
    socket_crew(const async::executor& executor, const surroundings& context, const settings& settings)
        : executor_(executor), context_(context), settings_(settings) {}

    async::awaitable<> serve(opening& opening) override;

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
    async::awaitable<std::optional<opened>> open(opening& opening);
    async::awaitable<std::optional<connected>> connect(opening& opening);

    async::awaitable<> hold(race& both, opening& opening);
    async::awaitable<> run(race& race, opening& opening, route route);
    async::awaitable<base::result<std::unique_ptr<net::stream>>> connect_along(const route& route);
    static void fail(opening& opening, const route& route, const base::error_code& error);

    async::awaitable<std::optional<smtp::session_failed>> prepare(opening& opening, mail::transport_security security,
                                                                  connected over, std::string helo,
                                                                  std::unique_ptr<connection>& opened_connection);
    static async::awaitable<> greet(connection& fresh, mail::transport_security security,
                                    std::optional<smtp::session_failed>& refused);
    async::awaitable<std::variant<std::string, mail::status>> helo_name(const action_settings& action,
                                                                        const net::stream& stream);

    async::executor executor_;
    const surroundings& context_;
    const settings& settings_;
};

}  // namespace waypost::relay
