// Writes log lines to standard error, many in one system call.
//
// It runs on the log's own thread. After each write that thread pauses for a moment, so that under load the lines of
// that moment wait for it, instead of each line waking it: at 10,000 messages a second the wake-ups cost more than the
// lines do.
#pragma once

#include <spdlog/async.h>
#include <spdlog/sinks/sink.h>

#include <string>

namespace waypost::observe {

class batch_sink final : public spdlog::sinks::sink {
public:
    /// `lines` is the queue that feeds this sink: a batch ends where it is empty.
    explicit batch_sink(spdlog::details::thread_pool& lines) : lines_(lines) {}
    ~batch_sink() override { write_out(); }

    void log(const spdlog::details::log_msg& line) override;
    void flush() override { write_out(); }
    // A line comes finished; there is nothing to set.
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

private:
    void write_out() noexcept;

    spdlog::details::thread_pool& lines_;
    std::string batch_;
};

}  // namespace waypost::observe
