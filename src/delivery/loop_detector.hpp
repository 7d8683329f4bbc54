// Looks for the mark of a loop in the header section of a message: a Delivered-To field with the address that it is to
// be delivered to. Text comes in pieces of any size. Pure.
#pragma once

#include <string>
#include <string_view>

namespace waypost::delivery {

class loop_detector {
public:
    explicit loop_detector(std::string address);
    /// False when no more needs to be seen: it was found, or the header section is over.
    bool feed(std::string_view piece);
    [[nodiscard]] bool found() const noexcept { return is_found_; }

private:
    bool judge_line();

    std::string address_;
    std::string line_;  // never longer than a field that we could have made
    std::size_t longest_;
    bool is_found_ = false;
    bool is_over_ = false;
};

}  // namespace waypost::delivery
