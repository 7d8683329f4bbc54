#include "batch_sink.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <thread>

namespace waypost::observe {

namespace {

constexpr std::size_t largest_batch = 64 * 1024;
// A reader does not see it, and it bounds the wake-ups to a thousand a second.
constexpr std::chrono::milliseconds pause_after_write{1};
// A reader that takes nothing for so long costs the batch.
constexpr int patience_ms = 1000;

/// Standard error may be shared with a process that made it non-blocking.
bool becomes_writable() {
    pollfd out{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    return ::poll(&out, 1, patience_ms) > 0;
}

}  // namespace

void batch_sink::log(const spdlog::details::log_msg& line) {
    batch_.append(line.payload.data(), line.payload.size());
    batch_ += '\n';
    if (batch_.size() < largest_batch && lines_.queue_size() > 0) return;
    write_out();
    std::this_thread::sleep_for(pause_after_write);
}

void batch_sink::write_out() noexcept {
    std::string_view rest = batch_;
    while (!rest.empty()) {
        const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN && becomes_writable()) continue;
        if (written <= 0) break;  // nobody reads any more: a log must not stop the mail
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    batch_.clear();
}

}  // namespace waypost::observe
