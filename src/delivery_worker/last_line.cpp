#include "last_line.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::delivery_worker {

namespace {

constexpr std::size_t kept = 1024;

}  // namespace

void last_line::add(std::string_view output) {
    if (output.size() > kept) output.remove_prefix(output.size() - kept);
    tail_ += output;
    if (tail_.size() > kept) tail_.erase(0, tail_.size() - kept);
}

std::string last_line::text() const {
    std::string_view rest = tail_;
    while (!rest.empty()) {
        const std::size_t end = rest.find_last_of("\r\n");
        const std::string_view line = base::trim(end == std::string_view::npos ? rest : rest.substr(end + 1));
        if (!line.empty()) return std::string(line);
        rest = rest.substr(0, end == std::string_view::npos ? 0 : end);
    }
    return {};
}

}  // namespace waypost::delivery_worker
