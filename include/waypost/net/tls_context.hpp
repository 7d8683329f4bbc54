// Certificates, keys and trust, loaded once and shared by many streams. Loading throws std::runtime_error with the file
// and OpenSSL's reason: a server with half a key pair must not start.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace waypost::net {

struct key_pair {
    std::string certificate_file;  // PEM, leaf first, then the chain
    std::string key_file;  // PEM; may be the same file
};

enum class peer_check {
    none,  // opportunistic: encrypted, but to whom is not known
    verified,  // chain up to a trusted root, and the name
};

struct client_tls_settings {
    peer_check check = peer_check::verified;
    std::string ca_file;  // empty: the system's roots
    std::optional<key_pair> identity;  // a client certificate
};

struct server_tls_settings {
    std::vector<key_pair>
        identities;  // the first is the default; SNI picks among them by the names in the certificates
    std::string ca_file;  // for client certificates
    bool demand_client_certificate = false;
};

class tls_context {
public:
    static std::shared_ptr<const tls_context> server(const server_tls_settings& settings);
    static std::shared_ptr<const tls_context> client(const client_tls_settings& settings);
    ~tls_context();

    [[nodiscard]] boost::asio::ssl::context& native() const noexcept { return *context_; }
    [[nodiscard]] peer_check check() const noexcept { return check_; }

private:
    tls_context();
    std::unique_ptr<boost::asio::ssl::context> context_;
    std::vector<std::shared_ptr<const tls_context>> by_name_;  // SNI alternatives of a server
    peer_check check_ = peer_check::none;
};

/// Makes an EC P-256 key and a certificate for `host_name`, ten years long, at these paths (key mode 0600), unless both
/// exist already. True if it made them. Throws std::runtime_error.
bool ensure_self_signed(const key_pair& files, const std::string& host_name);

}  // namespace waypost::net
