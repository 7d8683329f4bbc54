#include "system_roots.hpp"

#include <boost/asio/this_coro.hpp>
#include <memory>
#include <optional>

#include "openssl_handles.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"

namespace waypost::net {

namespace {

struct pending_roots {
    bool are_there = false;
    std::optional<async::event> news;  // while they are being read
};

// OpenSSL owns it: it lives as long as the context. It calls this also where nothing was set.
void free_pending(void*, void* pending, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<pending_roots*>(pending);
}
int place_of_pending() {
    static const int place = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_pending);
    return place;
}

handle<X509_STORE> read_roots() {
    handle<X509_STORE> made(X509_STORE_new());
    if (made && X509_STORE_set_default_paths(made.get()) != 1) made.reset();
    return made;
}

}  // namespace

void trust_system_roots_later(SSL_CTX* context) {
    auto pending = std::make_unique<pending_roots>();
    if (SSL_CTX_set_ex_data(context, place_of_pending(), pending.get()) == 1) static_cast<void>(pending.release());
}

async::awaitable<> need_roots(SSL_CTX* context) {
    auto* const pending = static_cast<pending_roots*>(SSL_CTX_get_ex_data(context, place_of_pending()));
    if (pending == nullptr) co_return;
    while (pending->news) co_await pending->news->wait();
    if (pending->are_there) co_return;
    pending->news.emplace(co_await boost::asio::this_coro::executor);
    // However this ends, the others do not wait for it for ever: the next of them reads.
    struct reading {
        pending_roots& roots;
        ~reading() {
            roots.news->notify();
            roots.news.reset();
        }
    } const on_exit{*pending};
    async::thread_pool reader(1);
    handle<X509_STORE> roots = co_await async::offload(reader, [] { return read_roots(); });
    pending->are_there = roots != nullptr;
    if (pending->are_there) SSL_CTX_set_cert_store(context, roots.release());
}

}  // namespace waypost::net
