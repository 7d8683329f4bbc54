// As much of CBOR (RFC 8949) as jobs need: unsigned numbers, booleans, octet strings and flat lists of them, in a fixed
// order. A general reader recurses wherever its input does, and a delivery worker's answers are a user's to forge: what
// this one does not know it refuses, so nothing nests.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace waypost::delivery_worker {

class cbor_writer {
public:
    void operator()(std::unsigned_integral auto value) { head(0, value); }
    void operator()(bool value) { octets_ += value ? '\xf5' : '\xf4'; }
    void operator()(std::string_view value);
    void operator()(const std::string& value) { (*this)(std::string_view(value)); }
    void operator()(const std::vector<std::string>& values);
    void operator()(std::chrono::seconds value) { head(0, static_cast<std::uint64_t>(value.count())); }
    template <class Enum>
        requires std::is_enum_v<Enum>
    void operator()(Enum value) {
        head(0, static_cast<std::uint64_t>(value));
    }
    [[nodiscard]] std::string take() { return std::move(octets_); }

private:
    void head(unsigned major, std::uint64_t argument);
    std::string octets_;
};

/// What it cannot read as asked it leaves alone, and is no longer complete ever after.
class cbor_reader {
public:
    explicit cbor_reader(std::string_view octets) : rest_(octets) {}
    void operator()(std::uint64_t& value) { number(value, std::numeric_limits<std::uint64_t>::max()); }
    void operator()(bool& value);
    void operator()(std::string& value);
    void operator()(std::vector<std::string>& value);
    void operator()(std::chrono::seconds& into);
    template <class Enum>
        requires std::is_enum_v<Enum>
    void operator()(Enum& into) {
        std::underlying_type_t<Enum> value{};
        number(value, std::numeric_limits<std::underlying_type_t<Enum>>::max());
        into = static_cast<Enum>(value);
    }
    /// All went well and nothing is left over.
    [[nodiscard]] bool is_complete() const noexcept { return !failed_ && rest_.empty(); }

private:
    void number(std::unsigned_integral auto& target, std::uint64_t most) {
        const auto value = head(0);
        if (!value || *value > most)
            failed_ = true;
        else
            target = static_cast<std::remove_reference_t<decltype(target)>>(*value);
    }
    std::optional<std::uint64_t> head(unsigned major);
    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace waypost::delivery_worker
