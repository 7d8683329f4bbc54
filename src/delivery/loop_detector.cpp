#include "loop_detector.hpp"

#include <algorithm>
#include <utility>

#include "waypost/base/ascii.hpp"

namespace waypost::delivery {

namespace {

constexpr std::string_view field = "Delivered-To:";
// Others may write more than one blank.
constexpr std::size_t room_for_blanks = 16;

}  // namespace

loop_detector::loop_detector(std::string address)
    : address_(std::move(address)), longest_(field.size() + address_.size() + room_for_blanks) {}

bool loop_detector::feed(std::string_view piece) {
    while (!piece.empty() && !is_over_) {
        const std::size_t end = piece.find('\n');
        const std::string_view part = piece.substr(0, end);
        // One octet more than can matter tells a longer line from one that fits.
        line_ += part.substr(0, longest_ + 1 - std::min(line_.size(), longest_ + 1));
        if (end == std::string_view::npos) break;
        is_over_ = judge_line();
        line_.clear();
        piece.remove_prefix(end + 1);
    }
    return !is_over_;
}

bool loop_detector::judge_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (line_.empty()) return true;
    if (line_.size() > longest_ || !base::istarts_with(line_, field)) return false;
    is_found_ = base::iequals(base::trim(std::string_view(line_).substr(field.size())), address_);
    return is_found_;
}

}  // namespace waypost::delivery
