#include "passwd_table.hpp"

#include <catch2/catch.hpp>

#include "backend_house.hpp"

using namespace waypost::table;

namespace {

std::unique_ptr<passwd_table> open(backend_house& of, const std::string& text) {
    return std::get<0>(passwd_table::open("t", of.write("passwd", text), of.context));
}

std::string fault_of(const std::string& text) {
    const auto parsed = parse_passwd(text);
    const auto* fault = std::get_if<file_fault>(&parsed);
    return fault == nullptr ? "none" : std::to_string(fault->line) + ": " + fault->text;
}

}  // namespace

TEST_CASE("a passwd file answers who a user is and how he logs in", "[table][passwd_table]") {
    backend_house of;
    const auto rows = open(of,
                           "# users\n\nVUser:$6$salt$hash:10:100:Virtual, User:/srv/vuser:/sbin/nologin\r\n"
                           "open::11:100::/srv/open:\nvuser:x:0:0::/root:/bin/sh");
    const auto who = of.find<userinfo>(*rows, "vuser").value().value();
    CHECK(who.uid == 10);
    CHECK(who.home == "/srv/vuser");
    const auto login = of.find<credentials>(*rows, "VUSER").value().value();
    CHECK(login.user == "VUser");
    CHECK(login.password.reveal() == "$6$salt$hash");
    CHECK(of.find<userinfo>(*rows, "open").value()->uid == 11);
    CHECK_FALSE(of.find<credentials>(*rows, "open").value());  // without a hash nobody logs in
    CHECK_FALSE(of.find<userinfo>(*rows, "nobody").value());
    CHECK(of.said<alias>(*rows, "vuser") == "cannot ask");
    CHECK(of.fetched(*rows) == "cannot ask");
}

TEST_CASE("a changed passwd file is in use a second later", "[table][passwd_table]") {
    backend_house of;
    const auto rows = open(of, "a:x:1:1::/a:\n");
    of.write("passwd", "bb:x:1:1::/b:\n");
    of.clock.advance(std::chrono::seconds(1));
    CHECK(of.find<userinfo>(*rows, "bb").value());
    CHECK_FALSE(of.find<userinfo>(*rows, "a").value());
}

TEST_CASE("a line of another form is a fault of its line", "[table][passwd_table]") {
    CHECK(fault_of("a:x:1:1::/a:\nb:x:1:1:/b\n") == "2: not of the form user:hash:uid:gid:gecos:home:shell");
    CHECK(fault_of(":x:1:1::/a:") == "1: not of the form user:hash:uid:gid:gecos:home:shell");
    CHECK(fault_of(std::string("a\0:x:1:1::/a:", 13)) == "1: a NUL byte: this is no text file");
    CHECK(fault_of("") == "none");
}
