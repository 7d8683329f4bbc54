#include "waypost/mail/srs.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "waypost/base/ascii.hpp"

using namespace waypost;
using mail::srs;
using namespace std::chrono_literals;

namespace {

const srs::time today{std::chrono::days(20'000)};
const mail::domain here = mail::domain::parse("forward.example").value();

srs made_with(const std::string& key, const std::string& backup = {}) {
    return srs({.key = base::secret(key), .backup = base::secret(backup)});
}

std::string forwarded(const srs& with, const std::string& sender, srs::time now = today) {
    return with.forwarded(mail::reverse_path::from_text(sender).value(), here, now).text();
}

/// Where mail to this address goes, or "nowhere".
std::string reversed(const srs& with, const std::string& address, srs::time now = today) {
    const auto found = with.reversed(mail::mailbox::parse(address).value().local, now);
    return found ? found->text() : "nowhere";
}

}  // namespace

TEST_CASE("a bounce of forwarded mail finds its way to the first sender", "[mail][srs]") {
    const srs one = made_with("secret");
    const std::string address = forwarded(one, "ada@origin.example");
    CHECK(address.starts_with("SRS0="));
    CHECK(address.ends_with("=origin.example=ada@forward.example"));
    CHECK(reversed(one, address) == "ada@origin.example");
    CHECK(reversed(one, base::to_lower(address)) == "ada@origin.example");
    CHECK(forwarded(one, "") == "");
    CHECK(forwarded(one, "ada@forward.example") == "ada@forward.example");
}

TEST_CASE("a second forwarder keeps the address of the first, and a third that of the first too", "[mail][srs]") {
    const srs one = made_with("secret");
    const std::string second = forwarded(one, "SRS0=HHHH=TT=origin.example=ada@first.example");
    CHECK(second.starts_with("SRS1="));
    CHECK(second.ends_with("=first.example==HHHH=TT=origin.example=ada@forward.example"));
    CHECK(reversed(one, second) == "SRS0=HHHH=TT=origin.example=ada@first.example");
    const std::string third = forwarded(one, "SRS1=xxxx=first.example==HHHH=TT=origin.example=ada@second.example");
    CHECK(third == second);
    CHECK(reversed(one, forwarded(one, "srs0+HH=TT=origin.example=ada@first.example")) ==
          "SRS0+HH=TT=origin.example=ada@first.example");
}

TEST_CASE("what was not made with our key goes nowhere", "[mail][srs]") {
    const srs ours = made_with("secret");
    const std::string address = forwarded(ours, "ada@origin.example");
    CHECK(reversed(made_with("another"), address) == "nowhere");
    for (std::size_t i = std::string_view("SRS0=").size(); i < address.find('@'); ++i) {
        std::string changed = address;
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        INFO(changed);
        CHECK(reversed(ours, changed) == "nowhere");
    }
    for (const char* bad : {"SRS0", "SRS0=", "SRS0=a", "SRS0=aaaaaa=bb=c", "SRS0=aaaaaa=bb==ada", "SRS1=aaaaaa=x",
                            "SRS1=aaaaaa=x=y", "SRS2=aaaaaa=bb=c=d", "ada", "SRS0-"}) {
        INFO(bad);
        CHECK(reversed(ours, std::string(bad) + "@forward.example") == "nowhere");
    }
}

TEST_CASE("a key that was replaced goes on to prove", "[mail][srs]") {
    const std::string old = forwarded(made_with("old"), "ada@origin.example");
    CHECK(reversed(made_with("new", "old"), old) == "ada@origin.example");
    CHECK(forwarded(made_with("new", "old"), "ada@origin.example") ==
          forwarded(made_with("new"), "ada@origin.example"));
}

TEST_CASE("bounces come back for as long as the setting says, over the turn of the days too", "[mail][srs]") {
    const srs one = made_with("secret");
    const srs::time last_of_turn{std::chrono::days(1024 * 20 - 1)};
    for (const srs::time then : {today, last_of_turn}) {
        const std::string address = forwarded(one, "ada@origin.example", then);
        CHECK(reversed(one, address, then + 96h) == "ada@origin.example");
        CHECK(reversed(one, address, then + 96h + 24h) == "nowhere");
        CHECK(reversed(one, address, then - 24h) == "nowhere");
    }
}

TEST_CASE("any sender comes back as he was", "[mail][srs]") {
    const srs one = made_with("secret");
    std::mt19937 dice(7);
    std::uniform_int_distribution<int> printable(' ', '~');
    std::uniform_int_distribution<std::size_t> length(1, 64);
    for (int i = 0; i < 2'000; ++i) {
        std::string value(length(dice), ' ');
        for (char& c : value) c = static_cast<char>(printable(dice));
        const std::string from = mail::local_part::from_value(value).value().text() + "@origin.example";
        INFO(from);
        const std::string address = forwarded(one, from);
        REQUIRE(address != from);
        REQUIRE(reversed(one, address) == from);
    }
}

TEST_CASE("a sender too long to be written into another address stays as he is", "[mail][srs]") {
    const std::string from = std::string(230, 'a') + "@origin.example";
    CHECK(forwarded(made_with("secret"), from) == from);
}
