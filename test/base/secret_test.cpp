#include "waypost/base/secret.hpp"

#include <catch2/catch.hpp>
#include <concepts>
#include <ostream>
#include <string>

using waypost::base::secret;

namespace {

template <class T>
concept can_be_printed = requires(std::ostream& out, const T& value) { out << value; };

const std::string short_text = "hunter2";
const std::string long_text(100, 'k');

}  // namespace

TEST_CASE("a secret cannot be printed, compared or turned into text by accident", "[base][secret]") {
    STATIC_REQUIRE(can_be_printed<std::string>);
    STATIC_REQUIRE_FALSE(can_be_printed<secret>);
    STATIC_REQUIRE_FALSE(std::convertible_to<secret, std::string>);
    STATIC_REQUIRE_FALSE(std::convertible_to<secret, std::string_view>);
    STATIC_REQUIRE_FALSE(std::convertible_to<std::string, secret>);
    STATIC_REQUIRE_FALSE(std::equality_comparable<secret>);
}

TEST_CASE("a secret that was moved from holds nothing, not even in its buffer", "[base][secret]") {
    for (const std::string& text : {short_text, long_text}) {
        secret first(text);
        secret second(std::move(first));
        CHECK(second.reveal() == text);
        CHECK(first.empty());                        // NOLINT(bugprone-use-after-move)
        CHECK(first.reveal().data()[0] == '\0');     // NOLINT(bugprone-use-after-move)
        secret third("something else");
        third = std::move(second);
        CHECK(third.reveal() == text);
        CHECK(second.empty());  // NOLINT(bugprone-use-after-move)
    }
}

TEST_CASE("a secret can be copied and assigned to itself", "[base][secret]") {
    for (const std::string& text : {short_text, long_text}) {
        secret first(text);
        secret second = first;
        const secret& same = second;
        second = same;
        CHECK(second.reveal() == text);
        secret other("other");
        other = first;
        CHECK(other.reveal() == text);
        CHECK(first.reveal() == text);
    }
    CHECK(secret().empty());
}

TEST_CASE("a short secret is wiped where it lived", "[base][secret]") {
    alignas(secret) unsigned char memory[sizeof(secret)] = {};
    auto* const held = new (memory) secret(short_text);
    held->~secret();
    const std::string_view left(reinterpret_cast<const char*>(memory), sizeof memory);
    CHECK(left.find(short_text) == std::string_view::npos);
}
