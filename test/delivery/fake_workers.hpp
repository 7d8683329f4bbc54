// Delivery workers that are threads: they speak the protocol on a socket and do what the test says. No process, no
// identity.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "start_worker.hpp"

namespace waypost::test {

class fake_workers {
public:
    struct seen {
        delivery::identity who;
        delivery::job what;
        std::string content;
    };
    struct answer {
        delivery_worker::job_status status = delivery_worker::job_status::success("2.0.0", "Done");
        bool is_there = true;
        std::string text;
        std::string raw;  // octets instead of an answer
    };
    /// Runs in the delivery worker's thread. Nothing: the delivery worker ends without a word.
    using behaviour = std::function<std::optional<answer>(const seen&)>;

    fake_workers() = default;
    explicit fake_workers(behaviour how) : act(std::move(how)) {}
    ~fake_workers() { join(); }

    behaviour act = [](const seen&) { return answer{}; };
    /// The delivery worker says no word and does not end before its socket does.
    static std::optional<answer> hang(int socket) {
        char octet = 0;
        while (::read(socket, &octet, 1) > 0) {}
        return std::nullopt;
    }

    delivery::worker_starter starter() {
        return [this](delivery::identity who) { return start(who); };
    }

    [[nodiscard]] std::vector<seen> jobs() const {
        const std::lock_guard lock(mutex_);
        return jobs_;
    }
    [[nodiscard]] std::size_t started() const noexcept { return started_; }
    [[nodiscard]] std::size_t alive() const noexcept { return alive_; }
    [[nodiscard]] std::size_t most_alive() const noexcept { return most_; }
    [[nodiscard]] std::size_t most_alive_of(unsigned uid) const {
        const std::lock_guard lock(mutex_);
        const auto found = most_of_.find(uid);
        return found == most_of_.end() ? 0 : found->second;
    }
    base::error_code refuses_to_start;  // set before
    std::atomic<bool> hangs = false;

    void join() {
        for (std::thread& each : threads_) each.join();
        threads_.clear();
    }

private:
    base::result<delivery::started_worker> start(delivery::identity who) {
        const std::lock_guard lock(mutex_);
        if (refuses_to_start) return refuses_to_start;
        int talk[2];
        int life[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) != 0 || ::pipe2(life, O_CLOEXEC) != 0)
            return base::error_code(errno, boost::system::system_category());
        ++started_;
        most_ = std::max<std::size_t>(most_, ++alive_);
        most_of_[who.uid] = std::max(most_of_[who.uid], ++of_[who.uid]);
        threads_.emplace_back([this, who, socket = talk[1], end = life[1]] {
            serve(who, socket);
            {
                const std::lock_guard gone(mutex_);
                --alive_;
                --of_[who.uid];
            }
            ::close(socket);
            ::close(end);
        });
        return delivery::started_worker{.socket = process::descriptor(talk[0]), .pidfd = process::descriptor(life[0])};
    }

    void serve(delivery::identity who, int socket) {
        for (;;) {
            const auto length = take(socket, 4);
            if (!length) return;
            const auto frame = take(socket, delivery_worker::frame_size(*length).value());
            if (!frame) return;
            const auto what = delivery_worker::decode_job(*frame);
            if (!what) return;
            auto content = take(socket, what->size);
            if (!content) return;
            const seen all{who, *what, std::move(*content)};
            {
                const std::lock_guard lock(mutex_);
                jobs_.push_back(all);
            }
            const auto said = hangs ? hang(socket) : act(all);
            if (!said || !give(socket, *said)) return;
        }
    }

    static std::optional<std::string> take(int socket, std::size_t octets) {
        std::string got(octets, '\0');
        for (std::size_t at = 0; at < octets;) {
            const ssize_t more = ::read(socket, got.data() + at, octets - at);
            if (more <= 0) return std::nullopt;
            at += static_cast<std::size_t>(more);
        }
        return got;
    }

    static bool give(int socket, const answer& answer) {
        std::string out = answer.raw;
        if (out.empty()) {
            out = delivery_worker::frame_of(delivery_worker::encode(delivery_worker::job_answer{
                .status = answer.status, .is_there = answer.is_there, .size = answer.text.size()}));
            out += answer.text;
        }
        return ::send(socket, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
    }

    mutable std::mutex mutex_;
    std::vector<seen> jobs_;
    std::vector<std::thread> threads_;
    std::map<unsigned, std::size_t> of_;
    std::map<unsigned, std::size_t> most_of_;
    std::atomic<std::size_t> started_ = 0;
    std::atomic<std::size_t> alive_ = 0;
    std::atomic<std::size_t> most_ = 0;
};

/// Closed, whoever comes waits until it opens.
class gate {
public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        opened_.wait(lock, [this] { return open_; });
        --waiting_;
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        opened_.notify_all();
    }
    [[nodiscard]] std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable opened_;
    bool open_ = false;
    std::size_t waiting_ = 0;
};

}  // namespace waypost::test
