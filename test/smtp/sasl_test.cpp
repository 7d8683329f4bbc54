#include "waypost/smtp/sasl.hpp"

#include <catch2/catch.hpp>

#include "waypost/base/encoding.hpp"

using namespace waypost;
using namespace waypost::smtp;
using namespace std::string_literals;

namespace {

std::optional<credentials> plain(std::string_view message) { return decode_plain(base::base64_encode(message)); }
std::string b64(std::string_view text) { return base::base64_encode(text); }

}  // namespace

TEST_CASE("PLAIN is user and password behind NULs", "[smtp][sasl]") {
    const auto who = decode_plain("AHVAZABwYXNz");
    REQUIRE(who.has_value());
    CHECK(who->user == "u@d");
    CHECK(who->password.reveal() == "pass");
    CHECK(plain("u\0u\0p"s)->user == "u");
    CHECK(plain("\0jos\xc3\xa9\0se\xc3\xb1or"s)->user == "jos\xc3\xa9");
}

TEST_CASE("PLAIN that is not quite PLAIN gives nothing", "[smtp][sasl]") {
    for (const std::string& message :
         {""s, "\0"s, "\0\0"s, "user"s, "\0user"s, "\0user\0"s, "\0\0pass"s, "other\0user\0pass"s, "\0us\rer\0pass"s,
          "\0user\0pa\0ss"s, "\0user\0pass\n"s, "\0u\x7f\0p"s}) {
        CAPTURE(b64(message));
        CHECK_FALSE(plain(message).has_value());
    }
    for (const char* text : {"=", "*", "AHVAZABwYXN", "AHVAZABwYXNz=", " AHVAZABwYXNz", "AHVA ZABwYXNz", "A",
                             "dUBkAABwYXNz", "this is not base64 encoded", "dUBkAABwYXNz/w=="}) {
        CAPTURE(text);
        CHECK_FALSE(decode_plain(text).has_value());
    }
    CHECK_FALSE(decode_plain(std::string(10'000'000, 'A')).has_value());
}

TEST_CASE("encode_plain makes what decode_plain reads", "[smtp][sasl]") {
    const credentials who{"me@example.org", base::secret("pa ss=")};
    const auto again = decode_plain(encode_plain(who).reveal());
    REQUIRE(again.has_value());
    CHECK(again->user == who.user);
    CHECK(again->password.reveal() == "pa ss=");
}

TEST_CASE("an exchange of PLAIN takes an initial response, or asks for one", "[smtp][sasl]") {
    CHECK(std::holds_alternative<credentials>(sasl_exchange(sasl_mechanism::plain).begin("AHVAZABwYXNz")));

    sasl_exchange asks(sasl_mechanism::plain);
    const sasl_step first = asks.begin("");
    REQUIRE(std::holds_alternative<sasl_challenge>(first));
    CHECK(std::get<sasl_challenge>(first).text.empty());
    CHECK(std::holds_alternative<credentials>(asks.on_response("AHVAZABwYXNz")));

    CHECK(std::holds_alternative<sasl_malformed>(sasl_exchange(sasl_mechanism::plain).begin("=")));
}

TEST_CASE("an exchange of LOGIN asks for user and password", "[smtp][sasl]") {
    sasl_exchange asks(sasl_mechanism::login);
    CHECK(std::get<sasl_challenge>(asks.begin("")).text == "VXNlcm5hbWU6");
    CHECK(std::get<sasl_challenge>(asks.on_response(b64("me"))).text == "UGFzc3dvcmQ6");
    const auto who = asks.on_response(b64("secret"));
    REQUIRE(std::holds_alternative<credentials>(who));
    CHECK(std::get<credentials>(who).user == "me");
    CHECK(std::get<credentials>(who).password.reveal() == "secret");

    sasl_exchange short_cut(sasl_mechanism::login);
    CHECK(std::get<sasl_challenge>(short_cut.begin(b64("me"))).text == "UGFzc3dvcmQ6");
}

TEST_CASE("an exchange can be cancelled and refuses empty answers and control bytes", "[smtp][sasl]") {
    for (const auto mechanism : {sasl_mechanism::plain, sasl_mechanism::login}) {
        sasl_exchange asks(mechanism);
        REQUIRE(std::holds_alternative<sasl_challenge>(asks.begin("")));
        CHECK(std::holds_alternative<sasl_cancelled>(asks.on_response("*")));
        CHECK(std::holds_alternative<sasl_malformed>(asks.on_response("")));
        CHECK(std::holds_alternative<sasl_malformed>(asks.on_response(b64("a\0b"s))));
        CHECK(std::holds_alternative<sasl_malformed>(asks.on_response("!!")));
    }
}
