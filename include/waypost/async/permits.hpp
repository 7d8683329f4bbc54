// A budget (bytes in memory, sessions, connections) whose units travel inside the thing that they pay for and come back
// in its destructor.
#pragma once

#include <cstddef>
#include <utility>

namespace waypost::async {

class permits {
public:
    /// Units taken; they go back when this ends. Must not outlive its budget.
    class token {
    public:
        token() = default;
        token(token&& source) noexcept
            : permits_(std::exchange(source.permits_, nullptr)), units_(std::exchange(source.units_, 0)) {}
        token& operator=(token&& source) noexcept {
            give_back();
            permits_ = std::exchange(source.permits_, nullptr);
            units_ = std::exchange(source.units_, 0);
            return *this;
        }
        ~token() { give_back(); }
        explicit operator bool() const noexcept { return permits_ != nullptr; }

    private:
        friend class permits;
        token(permits* permits, std::size_t units) : permits_(permits), units_(units) {}
        void give_back() noexcept {
            if (permits_ != nullptr) permits_->used_ -= units_;
        }
        permits* permits_ = nullptr;
        std::size_t units_ = 0;
    };

    explicit permits(std::size_t limit) : limit_(limit) {}
    permits(const permits&) = delete;
    permits& operator=(const permits&) = delete;

    /// All the units or, when the budget has not that many left, an empty token.
    [[nodiscard]] token try_take(std::size_t units = 1) {
        if (units > left()) return {};
        used_ += units;
        return {this, units};
    }
    /// Brings what `token` has of this budget up to `units`. False, and nothing is changed, when there are not that
    /// many left.
    [[nodiscard]] bool raise(token& token, std::size_t units) {
        if (units <= token.units_) return true;
        if (units - token.units_ > left()) return false;
        used_ += units - token.units_;
        token.permits_ = this;
        token.units_ = units;
        return true;
    }
    /// What was taken already stays with those who have it, also where that is more.
    void set_limit(std::size_t limit) noexcept { limit_ = limit; }
    [[nodiscard]] std::size_t used() const noexcept { return used_; }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    [[nodiscard]] std::size_t left() const noexcept { return used_ < limit_ ? limit_ - used_ : 0; }

    std::size_t limit_;
    std::size_t used_ = 0;
};

}  // namespace waypost::async
