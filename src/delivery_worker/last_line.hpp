// The last line of what a command says, however much it says: that is what a sender is told of a failure. Pure.
#pragma once

#include <string>
#include <string_view>

namespace waypost::delivery_worker {

class last_line {
public:
    void add(std::string_view output);
    /// Without blanks at its ends. Empty if there is none. Its octets are the command's: whoever shows them escapes
    /// them, and nobody before.
    [[nodiscard]] std::string text() const;

private:
    std::string tail_;
};

}  // namespace waypost::delivery_worker
