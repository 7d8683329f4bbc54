#include "waypost/net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl/context.hpp>
#include <stdexcept>

#include "openssl_handles.hpp"
#include "system_roots.hpp"
#include "tls_sessions.hpp"

namespace waypost::net {

namespace ssl = boost::asio::ssl;

namespace {

void require(const boost::system::error_code& code, const std::string& operation) {
    if (code) throw std::runtime_error(operation + ": " + code.message());
}

int no_pass_phrase(char*, int, int, void* was_asked) {
    if (was_asked != nullptr) *static_cast<bool*>(was_asked) = true;
    return 0;
}

void use_identity(ssl::context& context, const key_pair& pair) {
    boost::system::error_code code;
    context.use_certificate_chain_file(pair.certificate_file, code);
    require(code, pair.certificate_file + " cannot be used as a certificate");
    // OpenSSL would ask at the terminal.
    bool has_pass_phrase = false;
    SSL_CTX_set_default_passwd_cb(context.native_handle(), no_pass_phrase);
    SSL_CTX_set_default_passwd_cb_userdata(context.native_handle(), &has_pass_phrase);
    context.use_private_key_file(pair.key_file, ssl::context::pem, code);
    SSL_CTX_set_default_passwd_cb_userdata(context.native_handle(), nullptr);
    if (has_pass_phrase)
        throw std::runtime_error(
            "the key " + pair.key_file +
            " has a pass phrase, which nobody can enter: remove it (openssl pkey -in ... -out ...)");
    require(code, pair.key_file + " cannot be used as the key of " + pair.certificate_file);
}

// RFC 8996 has ended TLS 1.0 and 1.1.
void set_floor(ssl::context& context) {
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
}

bool certificate_is_for(SSL_CTX* context, const char* name) {
    X509* leaf = SSL_CTX_get0_certificate(context);
    return leaf != nullptr && X509_check_host(leaf, name, 0, 0, nullptr) == 1;
}

/// Changes to the certificate that is for the name asked for; the default stays where none is.
int choose_by_name(SSL* tls, int*, void* arg) {
    const auto& others = *static_cast<const std::vector<std::shared_ptr<const tls_context>>*>(arg);
    const char* asked = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
    if (asked == nullptr || certificate_is_for(SSL_get_SSL_CTX(tls), asked)) return SSL_TLSEXT_ERR_OK;
    for (const auto& other : others) {
        SSL_CTX* context = other->native().native_handle();
        if (certificate_is_for(context, asked)) {
            SSL_set_SSL_CTX(tls, context);
            break;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

tls_context::tls_context() = default;
tls_context::~tls_context() = default;

std::shared_ptr<const tls_context> tls_context::server(const server_tls_settings& settings) {
    if (settings.identities.empty()) throw std::runtime_error("TLS needs a certificate");
    std::shared_ptr<tls_context> made(new tls_context);
    made->context_ = std::make_unique<ssl::context>(ssl::context::tls_server);
    set_floor(*made->context_);
    use_identity(*made->context_, settings.identities.front());
    SSL_CTX* native = made->context_->native_handle();
    // Each context has ticket keys of its own, so a session of one listener is never taken up on another.
    SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>("waypost"), 7);

    for (std::size_t i = 1; i < settings.identities.size(); ++i) {
        server_tls_settings other = settings;
        other.identities = {settings.identities[i]};
        made->by_name_.push_back(server(other));
    }
    if (!made->by_name_.empty()) {
        SSL_CTX_set_tlsext_servername_callback(native, choose_by_name);
        SSL_CTX_set_tlsext_servername_arg(native, &made->by_name_);
    }
    if (!settings.ca_file.empty()) {
        boost::system::error_code code;
        made->context_->load_verify_file(settings.ca_file, code);
        require(code, settings.ca_file + " cannot be used as certificate authorities");
    }
    if (settings.demand_client_certificate) {
        SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        made->check_ = peer_check::verified;
    }
    return made;
}

std::shared_ptr<const tls_context> tls_context::client(const client_tls_settings& settings) {
    std::shared_ptr<tls_context> made(new tls_context);
    made->context_ = std::make_unique<ssl::context>(ssl::context::tls_client);
    made->check_ = settings.check;
    set_floor(*made->context_);
    boost::system::error_code code;
    if (settings.ca_file.empty()) {
        if (settings.check == peer_check::verified) trust_system_roots_later(made->context_->native_handle());
    } else {
        made->context_->load_verify_file(settings.ca_file, code);
        require(code, settings.ca_file + " cannot be used as certificate authorities");
    }
    if (settings.identity) use_identity(*made->context_, *settings.identity);
    keep_sessions(made->context_->native_handle());
    made->context_->set_verify_mode(settings.check == peer_check::verified ? ssl::verify_peer : ssl::verify_none);
    return made;
}

}  // namespace waypost::net
