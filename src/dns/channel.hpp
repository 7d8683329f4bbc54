// A c-ares channel on the loop.
//
// c-ares says which of its sockets it wants to read or write (on_socket_state); the loop waits for them and lets c-ares
// work. c-ares opens and closes the sockets; here they are only lent to Asio, and always given back before c-ares
// closes them.
//
// So many questions are under way at once as a name server's socket takes in a burst (Linux keeps some 270 small
// datagrams by default); more wait their turn here, where none gets lost and times out.
//
// Invariant: nothing of ours runs inside a call of c-ares. An answer is copied and its coroutine is woken through the
// loop, so whoever it wakes may ask again, or end the resolver.
#pragma once

#include <ares.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "question.hpp"
#include "waypost/async/awaitable.hpp"
#include "waypost/dns/cares_resolver.hpp"

namespace waypost::dns {

class channel : public std::enable_shared_from_this<channel> {
public:
    /// Throws std::runtime_error.
    /// `trusts_ad`: the AD bit of its answers is believed.
    static std::shared_ptr<channel> open(const async::executor& executor, const resolver_settings& settings,
                                         bool trusts_ad);
    ~channel();
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    /// Never waits. `on_answer` hears of the answer first; it must not call back.
    [[nodiscard]] std::shared_ptr<question> ask(std::string wire_name, record_type type, question::listener on_answer);
    /// Answers all questions with ARES_EDESTRUCTION and takes no more. Idempotent.
    void close();
    /// No question is under way.
    [[nodiscard]] bool idle() const noexcept { return under_way_ == 0 && waiting_.empty(); }

private:
    struct direction;
    struct lent_socket;
    struct receipt;
    struct waiting {
        std::string wire_name;
        record_type type;
        std::shared_ptr<question> question;
    };
    using socket_ptr = std::shared_ptr<lent_socket>;

    channel(async::executor executor, std::chrono::milliseconds first_timeout, bool trusts_ad);

    static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable) noexcept;
    static void on_answer(void* receipt, int status, int timeouts, unsigned char* message, int size) noexcept;
    void start_waiting();
    void send(const waiting& next);
    void socket_state(ares_socket_t fd, bool readable, bool writable);
    void give_back(socket_ptr socket);
    void wait_if_wanted(const socket_ptr& socket, direction& side);
    void wake_at(std::chrono::steady_clock::time_point time);
    void on_time();

    async::executor executor_;
    std::chrono::milliseconds first_timeout_;
    bool trusts_ad_;
    std::random_device random_;
    bool edns_ = true;
    ares_channel handle_ = nullptr;
    std::map<ares_socket_t, socket_ptr> sockets_;
    std::size_t under_way_ = 0;
    std::deque<waiting> waiting_;
    bool will_start_waiting_ = false;
    boost::asio::steady_timer timer_;
    std::chrono::steady_clock::time_point wakes_at_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace waypost::dns
