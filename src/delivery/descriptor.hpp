// Owns a file descriptor: closes it when it goes.
#pragma once

#include <unistd.h>

#include <utility>

namespace waypost::delivery {

class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& source) noexcept : number_(std::exchange(source.number_, -1)) {}
    descriptor& operator=(descriptor&& source) noexcept {
        std::swap(number_, source.number_);
        return *this;
    }
    ~descriptor() { close(); }

    [[nodiscard]] int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }
    /// Whoever asks owns it from now on.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    void close() noexcept {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }

private:
    int number_ = -1;
};

}  // namespace waypost::delivery
