// The line of logins whose passwords are being checked.
//
// A password hash is meant to be slow. Hashes have threads of their own, so a crowd of logins holds up no body file, no
// sync and no answer of the queue. The line is short and one client has but a part of it, so a guesser does not keep
// everybody else out; who finds no place waits behind it for some seconds, as many users behind one address do who come
// at once, and only a crowd of these is told to come again.
#pragma once

#include <list>
#include <optional>

#include "address_counts.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/permits.hpp"

namespace waypost::inbound {

class login_line {
public:
    /// Held while the hash is computed or waits for a thread. Must not outlive the line.
    class place {
    public:
        place(place&& source) noexcept;
        place& operator=(place&&) = delete;
        ~place();

    private:
        friend class login_line;
        place(login_line& line, async::permits::token token, std::optional<address_counts::token> of_client)
            : line_(&line), token_(std::move(token)), of_client_(std::move(of_client)) {}
        login_line* line_;
        async::permits::token token_;
        std::optional<address_counts::token> of_client_;
    };

    login_line();
    /// In its turn. Nothing where too many wait, of all or of this client, or the wait takes too long. The host itself
    /// may have all places.
    async::awaitable<std::optional<place>> join(std::optional<net::address> ip, async::clock& clock);
    [[nodiscard]] async::thread_pool& hashing() noexcept { return hashing_; }

private:
    struct waiter;
    class enlisted;

    [[nodiscard]] std::optional<place> try_take(const std::optional<net::address>& client);
    /// Gives what is free to those who wait, in their order.
    void serve();
    static async::awaitable<> until_granted(waiter& waiter);

    async::permits places_;
    address_counts clients_;
    async::permits waits_;
    address_counts waits_of_clients_;
    std::list<waiter*> waiting_;  // each could not have a place when one was last given back
    async::thread_pool hashing_;
};

}  // namespace waypost::inbound
