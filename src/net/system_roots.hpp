// The system's certificate authorities for a client's context. They are some hundred certificates, whose reading costs
// more than all the rest of a start: they are read when a connection first has to verify, on a thread of its own.
#pragma once

#include <openssl/ssl.h>

#include "waypost/async/awaitable.hpp"

namespace waypost::net {

/// The context trusts the system's authorities, once they are needed.
void trust_system_roots_later(SSL_CTX* context);
/// Before a connection of this context: returns when it has all that it trusts.
async::awaitable<> need_roots(SSL_CTX* context);

}  // namespace waypost::net
