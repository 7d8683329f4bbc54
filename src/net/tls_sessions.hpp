// TLS sessions to take up again: a host that was met before is met with its ticket, which saves both sides the
// certificates and the signature, and with TLS 1.2 a round trip.
//
// The cache belongs to the client's context, so what was agreed on without verification is never taken up by one who
// verifies. A ticket is used once (RFC 8446 appendix C.4: who sees it twice knows that it is the same client), and one
// that a host no longer accepts costs nothing: the handshake is then a whole one.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace waypost::net {

/// `context` keeps what its connections are given from now on; not for threads beside each other.
void keep_sessions(SSL_CTX* context);

/// Before a handshake: takes up the newest session kept under `key`, and keeps under it what the host gives for the
/// next time. The key names host and endpoint.
void resume_session(SSL* tls, const std::string& key);

}  // namespace waypost::net
