#include "waypost/observe/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <optional>
#include <utility>

#include "batch_sink.hpp"
#include "waypost/base/utf8.hpp"

namespace waypost::observe {

namespace {

// Lines that may wait for the writer. At about 200 bytes a line this is 1.6 MB, and some tenths of a second of the
// fastest mail flow; a terminal that is stopped for longer costs log lines and never mail.
constexpr std::size_t lines_waiting = 8192;

std::string_view name_of(level level) noexcept {
    switch (level) {
        case level::debug: return "debug";
        case level::info: return "info";
        case level::warn: return "warn";
        case level::error: return "error";
    }
    return "error";
}

bool is_plain(std::string_view value) noexcept {
    if (value.empty()) return false;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
    }
    return true;
}

void append_hex(std::string& out, unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

/// As JSON escapes it: two surrogates beyond the first plane.
void append_code_point(std::string& out, char32_t value) {
    if (value >= 0x10000) {
        append_code_point(out, 0xd800 + ((value - 0x10000) >> 10U));
        value = 0xdc00 + (value & 0x3ffU);
    }
    out += "\\u";
    append_hex(out, static_cast<unsigned char>(value >> 8U));
    append_hex(out, static_cast<unsigned char>(value & 0xffU));
}

bool stands_for_itself(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

// Quoted, as both formats understand it. Text format: bytes that are no printable ASCII as \xNN. JSON: a character of
// UTF-8 as its code point, so that no terminal obeys it; a byte that is none, which JSON cannot have, as the text \xNN.
void append_quoted(std::string& out, std::string_view value, log_format format) {
    const bool is_json = format == log_format::json;
    out += '"';
    while (!value.empty()) {
        const auto special = std::ranges::find_if_not(value, stands_for_itself);
        out.append(value.begin(), special);
        value.remove_prefix(static_cast<std::size_t>(special - value.begin()));
        if (value.empty()) break;
        const char c = value.front();
        const auto byte = static_cast<unsigned char>(c);
        std::optional<base::character> character;
        if (is_json) character = byte < 0x80 ? base::character{byte, 1} : base::first_character(value);
        value.remove_prefix(character ? character->octets : 1);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (character) {
            append_code_point(out, character->value);
        } else {
            out += is_json ? "\\\\x" : "\\x";
            append_hex(out, byte);
        }
    }
    out += '"';
}

void append_text_field(std::string& out, const field& field) {
    out += ' ';
    out += field.name;
    out += '=';
    if (field.numeric) {
        out += std::to_string(field.number);
    } else if (is_plain(field.text)) {
        out += field.text;
    } else {
        append_quoted(out, field.text, log_format::text);
    }
}

void append_json_field(std::string& out, const field& field) {
    out += ",\"";
    out += field.name;
    out += "\":";
    if (field.numeric) {
        out += std::to_string(field.number);
    } else {
        append_quoted(out, field.text, log_format::json);
    }
}

// UTC with milliseconds; the part up to the second is made once a second.
std::string_view time_stamp() {
    static thread_local std::array<char, 32> text{};
    static thread_local std::time_t made_for = -1;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto second = static_cast<std::time_t>(milliseconds / 1000);
    if (second != made_for) {
        std::tm parts{};
        gmtime_r(&second, &parts);
        std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
        made_for = second;
    }
    const auto rest = static_cast<unsigned>(milliseconds % 1000);
    text[20] = static_cast<char>('0' + rest / 100);
    text[21] = static_cast<char>('0' + rest / 10 % 10);
    text[22] = static_cast<char>('0' + rest % 10);
    return {text.data(), 24};
}

}  // namespace

std::string format_line(log_format format, std::string_view time, level threshold, std::string_view subsystem,
                        std::string_view event, log::fields fields) {
    std::string line;
    line.reserve(320);
    if (format == log_format::json) {
        line += "{\"time\":\"";
        line += time;
        line += "\",\"level\":\"";
        line += name_of(threshold);
        line += "\",\"subsystem\":\"";
        line += subsystem;
        line += "\",\"event\":\"";
        line += event;
        line += '"';
        for (const field& one : fields) append_json_field(line, one);
        line += '}';
        return line;
    }
    line += time;
    line += ' ';
    line += name_of(threshold);
    line += ' ';
    line += subsystem;
    line += " event=";
    line += event;
    for (const field& one : fields) append_text_field(line, one);
    return line;
}

struct log::writer {
    writer()
        : threads(std::make_shared<spdlog::details::thread_pool>(lines_waiting, 1)),
          sink(std::make_shared<batch_sink>(*threads)),
          lines(std::make_shared<spdlog::async_logger>("waypost", sink, threads,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
        lines->set_level(spdlog::level::trace);
    }
    // The thread writes what waits and ends, while the sink that it writes to is still there.
    ~writer() {
        lines.reset();
        threads.reset();
    }
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    std::shared_ptr<spdlog::details::thread_pool> threads;
    std::shared_ptr<batch_sink> sink;
    std::shared_ptr<spdlog::async_logger> lines;
    std::atomic<std::size_t> overrun_reported = 0;
};

log::log(log_settings settings) : settings_(settings), writer_(std::make_unique<writer>()) {}

log::~log() = default;

void log::write(level level, std::string_view subsystem, std::string_view event, fields fields) {
    const std::size_t lost = writer_->threads->overrun_counter();
    if (const std::size_t told = writer_->overrun_reported.exchange(lost); told != lost) {
        writer_->lines->info(
            format_line(settings_.format, time_stamp(), level::warn, "log", "lines-lost", {{"count", lost - told}}));
    }
    writer_->lines->info(format_line(settings_.format, time_stamp(), level, subsystem, event, fields));
}

}  // namespace waypost::observe
