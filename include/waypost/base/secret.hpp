// Text that must never be seen: passwords and keys. It has no stream operator and no formatter, so a log line, an error
// or a trace that would print it does not compile; whoever really needs the bytes says so with reveal(). Wiped when it
// ends.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace waypost::base {

class secret {
public:
    secret() = default;
    explicit secret(std::string text);
    secret(const secret&) = default;
    secret(secret&& source) noexcept;
    secret& operator=(const secret& source);
    secret& operator=(secret&& source) noexcept;
    ~secret();

    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

private:
    static void wipe(std::string& text) noexcept;
    std::string text_;
};

}  // namespace waypost::base
