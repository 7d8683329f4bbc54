#include "waypost/base/result.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <type_traits>
#include <variant>

#include "waypost/base/overloaded.hpp"

namespace {

enum class errc { ok, jammed, empty };

const char* text_of(errc value) noexcept {
    switch (value) {
        case errc::ok: return "no error";
        case errc::jammed: return "the door is jammed";
        case errc::empty: return "nobody is there";
    }
    return "unknown";
}

const waypost::base::simple_category<errc> category("door", text_of);

waypost::base::error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), category}; }

}  // namespace

template <>
struct boost::system::is_error_code_enum<errc> : std::true_type {};

namespace {

waypost::base::result<int> knock(bool jammed) {
    if (jammed) return errc::jammed;
    return 3;
}

}  // namespace

TEST_CASE("a room's errc names its category and says what is wrong", "[base][result]") {
    CHECK(knock(false).value() == 3);
    const auto refused = knock(true);
    REQUIRE(refused.has_error());
    CHECK(refused.error() == errc::jammed);
    CHECK(refused.error() != errc::empty);
    CHECK(refused.error().message() == "the door is jammed");
    CHECK(std::string(refused.error().category().name()) == "door");
}

TEST_CASE("a result of nothing still says whether it went well", "[base][result]") {
    const waypost::base::result<> fine;
    const waypost::base::result<> bad = errc::empty;
    CHECK(fine.has_value());
    CHECK_FALSE(bad.has_value());
}

TEST_CASE("overloaded visits a variant with one lambda an alternative", "[base][overloaded]") {
    const std::variant<int, std::string> what = std::string("text");
    CHECK(std::visit(waypost::base::overloaded{[](int) { return 1; }, [](const std::string&) { return 2; }}, what) ==
          2);
}
