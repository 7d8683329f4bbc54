#include "job_content.hpp"

#include <algorithm>
#include <utility>

#include "waypost/process/io.hpp"

namespace waypost::delivery_worker {

base::result<std::string> job_content::read_piece() {
    constexpr std::size_t largest_piece = 65536;
    std::string raw(std::min<std::uint64_t>(remaining_, largest_piece), '\0');
    const auto got = process::read_some(connection_, raw);
    if (got.has_error()) return got.error();
    if (*got == 0) return make_error_code(boost::system::errc::connection_reset);
    remaining_ -= *got;
    std::string text = with_native_line_ends(std::string_view(raw).substr(0, *got), after_cr_);
    if (remaining_ == 0 && after_cr_) text += '\r';
    return text;
}

base::result<std::string_view> job_content::next() {
    if (!ahead_.empty()) {
        piece_ = std::exchange(ahead_, {});
        return piece_;
    }
    auto read = read_piece();
    if (read.has_error()) return read.error();
    piece_ = std::move(*read);
    return piece_;
}

base::result<std::string_view> job_content::peek_header(std::size_t most) {
    while (remaining_ > 0 && ahead_.size() < most && !ahead_.starts_with('\n') &&
           ahead_.find("\n\n") == std::string::npos) {
        const auto read = read_piece();
        if (read.has_error()) return read.error();
        ahead_ += *read;
    }
    return std::string_view(ahead_).substr(0, most);
}

base::result<> job_content::drain() {
    ahead_.clear();
    while (remaining_ > 0) {
        if (const auto read = read_piece(); read.has_error()) return read.error();
    }
    return {};
}

std::string with_native_line_ends(std::string_view piece, bool& after_cr) {
    std::string out;
    out.reserve(piece.size() + 1);
    for (const char c : piece) {
        if (after_cr && c != '\n') out += '\r';
        after_cr = c == '\r';
        if (!after_cr) out += c;
    }
    return out;
}

std::string with_native_line_ends(std::string_view whole) {
    bool after_cr = false;
    std::string out = with_native_line_ends(whole, after_cr);
    if (after_cr) out += '\r';
    return out;
}

}  // namespace waypost::delivery_worker
