// Those who do what the engine decides: open a connection along a route and drain mail down it. Sockets behind it in
// the program, a simulated world in tests.
#pragma once

#include <optional>
#include <string>

#include "candidate.hpp"
#include "task_source.hpp"
#include "waypost/async/awaitable.hpp"
#include "waypost/relay/settings.hpp"

namespace waypost::relay {

/// Whose trouble a failure is; see ledger.hpp.
enum class blame { route, relay, source };

/// One connection that was decided on, from its opening to its end. The dialer says what happens to it.
class connection_attempt {
public:
    virtual ~connection_attempt() = default;
    [[nodiscard]] virtual const candidate& who() const = 0;
    /// Those that its relay began with. They live as long as the attempt.
    [[nodiscard]] virtual const relay::settings& settings() const = 0;
    [[nodiscard]] virtual const action_settings& action() const = 0;
    [[nodiscard]] virtual const limits& allowed() const = 0;
    [[nodiscard]] virtual const route& via() const = 0;
    /// The same server by the other address family.
    [[nodiscard]] virtual const std::optional<route>& fallback() const = 0;

    /// Another connection is to be opened along fallback(), beside the first. False: there is no room for it.
    virtual bool begin_fallback() = 0;
    /// An attempt has come to nothing.
    virtual void failed(const route& route, blame blame, const mail::status& reason) = 0;
    /// The other one was faster. That is no failure, but it tells something of its family.
    virtual void given_up(const route& route) = 0;
    /// The one that is left is ready for mail. Where mail comes from, from now on.
    virtual task_source& ready(const route& route) = 0;
    /// The connection, once ready, was lost.
    virtual void lost(const mail::status& reason) = 0;
};

class dialer {
public:
    virtual ~dialer() = default;
    /// Until the session has ended. Without ready() each route that was begun has failed() or was given_up().
    virtual async::awaitable<> serve(connection_attempt& attempt) = 0;
};

}  // namespace waypost::relay
