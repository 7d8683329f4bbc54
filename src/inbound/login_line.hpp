// The line of logins whose passwords are being checked.
//
// A password hash is meant to be slow. Hashes have threads of their own, so a crowd of logins holds up no body file, no
// sync and no answer of the queue; the line is short, so a login that would wait for long is told to come again; and
// one client has but a part of it, so a guesser does not keep everybody else out.
#pragma once

#include <optional>

#include "address_counts.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/permits.hpp"

namespace waypost::inbound {

class login_line {
public:
    /// From before the table is asked until the hash is known.
    struct place {
        async::permits::token one;
        std::optional<address_counts::token> of_client;
    };

    login_line();
    /// Nothing when the line is full, or this client has its part of it. The host itself may have all of it.
    [[nodiscard]] std::optional<place> join(const std::optional<net::address>& ip);
    [[nodiscard]] async::workers& hashing() noexcept { return hashing_; }

private:
    async::permits places_;
    address_counts clients_;
    async::workers hashing_;
};

}  // namespace waypost::inbound
