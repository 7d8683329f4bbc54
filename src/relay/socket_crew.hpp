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
    socket_crew(const async::executor& on, const surroundings& with, const settings& how)
        : executor_(on), with_(with), settings_(how) {}

    async::awaitable<> serve(opening& what) override;

private:
    struct connected {
        route along;
        std::unique_ptr<net::stream> peer;
    };
    /// A connection that is ready for its first transaction.
    struct opened {
        route along;
        std::unique_ptr<connection> over;
    };
    struct race;

    // Nothing: each attempt has failed, and has said so.
    async::awaitable<std::optional<opened>> open(opening& what);
    async::awaitable<std::optional<connected>> connect(opening& what);

    async::awaitable<> hold(race& both, opening& what);
    async::awaitable<> run(race& in, opening& what, route along);
    async::awaitable<base::result<std::unique_ptr<net::stream>>> connect_along(const route& along);
    static void fail(opening& what, const route& along, const base::error_code& why);

    async::awaitable<std::optional<smtp::session_failed>> prepare(opening& what, mail::transport_security security,
                                                                  connected over, std::string helo,
                                                                  std::unique_ptr<connection>& made);
    static async::awaitable<> greet(connection& fresh, mail::transport_security security,
                                    std::optional<smtp::session_failed>& refused);
    async::awaitable<std::variant<std::string, mail::status>> helo_name(const action_settings& action,
                                                                        const net::stream& over);

    async::executor executor_;
    const surroundings& with_;
    const settings& settings_;
};

}  // namespace waypost::relay
