// Log lines: one event a line, fields with the names that OpenSMTPD's users know.
//
// The line is made on the caller's thread and written by another, so the loop never waits for a terminal or a pipe;
// when the writer is too far behind, the oldest lines go and their number is reported. Values are escaped here, once: a
// peer's bytes can never end a line or begin a field. A base::secret cannot be given as a value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "waypost/base/secret.hpp"

namespace waypost::observe {

enum class level { debug, info, warn, error };
enum class log_format { text, json };

struct log_settings {
    log_format format = log_format::text;
    level lowest = level::info;
};

/// One `name=value`. The value is text or a number; text is copied only into the line.
struct field {
    std::string_view name;
    std::string_view text;
    std::int64_t number = 0;
    bool numeric = false;

    field(std::string_view n, std::string_view value) : name(n), text(value) {}
    field(std::string_view n, const std::string& value) : name(n), text(value) {}
    field(std::string_view n, const char* value) : name(n), text(value) {}
    template <class Number>
        requires std::is_integral_v<Number>
    field(std::string_view n, Number value) : name(n), number(static_cast<std::int64_t>(value)), numeric(true) {}
    field(std::string_view, const base::secret&) = delete;
};

/// May be written to from any thread.
class log {
public:
    using fields = std::initializer_list<field>;

    /// Writes to standard error.
    explicit log(log_settings settings);
    /// Writes what waits.
    ~log();
    log(const log&) = delete;
    log& operator=(const log&) = delete;

    [[nodiscard]] bool wants(level level) const noexcept { return level >= settings_.lowest; }
    /// `subsystem` and `event` are words of the program ("smtp", "connected"), never of a peer.
    void write(level level, std::string_view subsystem, std::string_view event, fields fields = {});
    void debug(std::string_view subsystem, std::string_view event, fields fields = {}) {
        if (wants(level::debug)) write(level::debug, subsystem, event, fields);
    }
    void info(std::string_view subsystem, std::string_view event, fields fields = {}) {
        if (wants(level::info)) write(level::info, subsystem, event, fields);
    }
    void warn(std::string_view subsystem, std::string_view event, fields fields = {}) {
        write(level::warn, subsystem, event, fields);
    }
    void error(std::string_view subsystem, std::string_view event, fields fields = {}) {
        write(level::error, subsystem, event, fields);
    }

private:
    struct writer;
    log_settings settings_;
    std::unique_ptr<writer> writer_;
};

/// The line itself, without its end: what write() hands to the writer thread. Pure, for tests.
[[nodiscard]] std::string format_line(log_format format, std::string_view time, level threshold,
                                      std::string_view subsystem, std::string_view event, log::fields fields);

}  // namespace waypost::observe
