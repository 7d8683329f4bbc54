#include "tls_sessions.hpp"

#include <iterator>
#include <map>
#include <memory>

namespace waypost::net {

namespace {

struct session_free {
    void operator()(SSL_SESSION* handle) const noexcept { SSL_SESSION_free(handle); }
};
using session = std::unique_ptr<SSL_SESSION, session_free>;

/// The sessions of a context. Those of one key are in the order in which they came.
class session_cache {
public:
    // A session holds the host's certificates, some kilobytes. A host gives two tickets a connection, and twenty
    // connections may want one.
    static constexpr std::size_t most = 500;
    static constexpr std::size_t most_of_a_key = 20;

    void keep(const std::string& key, session fresh) {
        if (sessions_.count(key) >= most_of_a_key) sessions_.erase(sessions_.lower_bound(key));
        if (sessions_.size() >= most) sessions_.erase(sessions_.begin());
        sessions_.emplace(key, std::move(fresh));
    }
    session take(const std::string& key) {
        const auto behind = sessions_.upper_bound(key);
        if (behind == sessions_.begin() || std::prev(behind)->first != key) return nullptr;
        session newest = std::move(std::prev(behind)->second);
        sessions_.erase(std::prev(behind));
        return newest;
    }

private:
    std::multimap<std::string, session> sessions_;
};

// OpenSSL owns both: the cache lives as long as its SSL_CTX, which connections may keep alive, the key as long as its
// SSL. It calls these also where nothing was set.
void free_cache(void*, void* cache, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<session_cache*>(cache); }
void free_key(void*, void* key, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(key); }

/// Where a context has its cache, and a connection its key. OpenSSL hands such places out for the life of the process.
int place_of_cache() {
    static const int place = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_cache);
    return place;
}
int place_of_key() {
    static const int place = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_key);
    return place;
}

session_cache* cache_of(SSL* tls) {
    return static_cast<session_cache*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(tls), place_of_cache()));
}

/// Called during the handshake (TLS 1.2) or a later read (TLS 1.3). A copy is kept, for OpenSSL spoils the session of a
/// connection that ends without TLS's own good-bye, as most do; since TLS 1.1 such a session may be taken up all the
/// same. 0 says that the original stays OpenSSL's.
int on_new_session(SSL* tls, SSL_SESSION* fresh) {
    const auto* key = static_cast<const std::string*>(SSL_get_ex_data(tls, place_of_key()));
    session_cache* cache = cache_of(tls);
    if (key == nullptr || cache == nullptr) return 0;
    if (session copy(SSL_SESSION_dup(fresh)); copy != nullptr) cache->keep(*key, std::move(copy));
    return 0;
}

}  // namespace

void keep_sessions(SSL_CTX* context) {
    auto cache = std::make_unique<session_cache>();
    if (SSL_CTX_set_ex_data(context, place_of_cache(), cache.get()) != 1) return;  // no memory: then without
    static_cast<void>(cache.release());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
}

void resume_session(SSL* tls, const std::string& key) {
    session_cache* cache = cache_of(tls);
    if (cache == nullptr) return;
    auto own_key = std::make_unique<std::string>(key);
    if (SSL_set_ex_data(tls, place_of_key(), own_key.get()) == 1) static_cast<void>(own_key.release());
    const session known = cache->take(key);
    if (known != nullptr && SSL_SESSION_is_resumable(known.get()) == 1) SSL_set_session(tls, known.get());
}

}  // namespace waypost::net
