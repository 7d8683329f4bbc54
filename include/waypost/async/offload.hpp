// Blocking work (getpwnam, password hashes, file reads, fsync) on threads of its own, so that the loop never waits for
// it.
//
// The function given to offload() runs on a worker thread and must own everything that it touches; its value comes back
// to the coroutine's own executor. An exception thrown by it comes out of the co_await. Work that has begun is not
// interrupted: a cancelled coroutine still waits for it. The loop of the coroutine outlives the pool: a thread may
// still be about its handing over when the answer has been taken.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "waypost/async/awaitable.hpp"

namespace waypost::async {

class thread_pool {
public:
    explicit thread_pool(std::size_t threads) : pool_(threads) {}
    [[nodiscard]] boost::asio::thread_pool& pool() noexcept { return pool_; }
    /// Waits for the work that has begun and takes no more.
    void join() { pool_.join(); }

private:
    boost::asio::thread_pool pool_;
};

template <class Function>
awaitable<std::invoke_result_t<Function>> offload(thread_pool& threads, Function work) {
    using value = std::invoke_result_t<Function>;
    static_assert(!std::is_void_v<value>, "give the work something to answer with");
    auto start = [&threads, work = std::move(work)](auto handler) mutable {
        auto back = boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                        boost::asio::execution::outstanding_work.tracked);
        boost::asio::post(threads.pool(), [work = std::move(work), handler = std::move(handler), back]() mutable {
            std::exception_ptr failed;
            std::optional<value> answer;
            try {
                answer.emplace(work());
            } catch (...) {
                failed = std::current_exception();
            }
            boost::asio::post(back, [handler = std::move(handler), failed, answer = std::move(answer)]() mutable {
                std::move(handler)(failed, std::move(answer));
            });
        });
    };
    auto answer = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                       void(std::exception_ptr, std::optional<value>)>(
        std::move(start), boost::asio::use_awaitable);
    co_return std::move(*answer);
}

}  // namespace waypost::async
