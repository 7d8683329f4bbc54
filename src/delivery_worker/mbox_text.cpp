#include "mbox_text.hpp"

#include <ctime>

#include "waypost/base/ascii.hpp"

namespace waypost::delivery_worker {

namespace {

constexpr std::string_view from = "From ";

}  // namespace

std::string separator_line(std::string_view sender, std::chrono::system_clock::time_point time) {
    // The name that mailboxes always had for the null reverse-path.
    std::string line = "From " + std::string(sender.empty() ? "MAILER-DAEMON" : sender) + " ";
    for (std::size_t i = from.size(); i < line.size() - 1; ++i) {
        if (line[i] == ' ' || base::is_control(line[i])) line[i] = '_';
    }
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    char date[64];
    return line.append(date, std::strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y\n", &local));
}

std::string from_quoting::quote(std::string_view piece) {
    std::string out;
    out.reserve(piece.size() + from.size());
    for (const char c : piece) {
        in_line_ = c != '\n';
        if (may_match_ && c == from[matched_]) {
            if (++matched_ < from.size()) continue;
            // Where in a row of '>' one more is put makes no difference, so those before are out already.
            out += '>';
        }
        const bool is_prefix = may_match_ && matched_ == 0 && c == '>';
        if (may_match_ && !is_prefix) {
            out += from.substr(0, matched_ == from.size() ? matched_ - 1 : matched_);
            matched_ = 0;
        }
        out += c;
        may_match_ = is_prefix || c == '\n';
    }
    return out;
}

std::string from_quoting::finish() {
    std::string out(from.substr(0, matched_));
    out += in_line_ ? "\n\n" : "\n";
    *this = {};
    return out;
}

}  // namespace waypost::delivery_worker
