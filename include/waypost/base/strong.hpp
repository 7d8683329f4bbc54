// A type of its own for a number that must not be mistaken for another: envelope ids, message ids, session ids.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace waypost::base {

template <class Value, class Tag>
class strong {
public:
    using value_type = Value;

    constexpr strong() = default;
    constexpr explicit strong(Value value) : value_(value) {}
    [[nodiscard]] constexpr Value value() const noexcept { return value_; }
    friend constexpr auto operator<=>(const strong&, const strong&) = default;

private:
    Value value_{};
};

}  // namespace waypost::base

template <class Value, class Tag>
struct std::hash<waypost::base::strong<Value, Tag>> {
    std::size_t operator()(const waypost::base::strong<Value, Tag>& id) const noexcept {
        return std::hash<Value>{}(id.value());
    }
};
