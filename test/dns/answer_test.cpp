#include "answer.hpp"

#include <ares.h>

#include <catch2/catch.hpp>

#include "message.hpp"

using namespace waypost;
using namespace waypost::dns;
using test::asked;
using test::reply_to;

namespace {

answer of(const std::string& message) { return {.status = ARES_SUCCESS, .message = {message.begin(), message.end()}}; }

asked question(const std::string& name, unsigned type) {
    return {.id = 1, .name = name, .type = type, .section = test::wire_name(name) + test::u16(type) + test::u16(1)};
}

void parse_all(const answer& given) {
    (void)ipv4_addresses(given);
    (void)ipv6_addresses(given);
    (void)mx_records(given);
    (void)pointer_names(given);
}

const std::string ipv4{"\xc0\x00\x02\x01", 4};

}  // namespace

TEST_CASE("a status alone says whether there is nothing or nobody could be asked", "[dns][answer]") {
    CHECK(mx_records({.status = ARES_ENODATA, .message = {}}).value().empty());
    CHECK(mx_records({.status = ARES_ENOTFOUND, .message = {}}).error() == errc::not_found);
    CHECK(pointer_names({.status = ARES_ENOTFOUND, .message = {}}).value().empty());
    for (const int status : {ARES_ESERVFAIL, ARES_ETIMEOUT, ARES_ECONNREFUSED, ARES_EREFUSED, ARES_ENOTIMP,
                             ARES_EFORMERR, ARES_EDESTRUCTION, ARES_ECANCELLED, ARES_ENOMEM}) {
        CAPTURE(status);
        CHECK(mx_records({.status = status, .message = {}}).error() == errc::unavailable);
        CHECK(ipv4_addresses({.status = status, .message = {}}).error() == errc::unavailable);
        CHECK(pointer_names({.status = status, .message = {}}).error() == errc::unavailable);
    }
    CHECK(mx_records({.status = ARES_EBADRESP, .message = {}}).error() == errc::malformed);
    CHECK(mx_records({.status = ARES_SUCCESS, .message = {}}).error() == errc::malformed);
}

TEST_CASE("two families make one answer, and a failure of one is not an absence", "[dns][answer]") {
    using list = std::vector<net::address>;
    const base::result<list> none = list();
    const base::result<list> some = list{boost::asio::ip::make_address("192.0.2.1")};
    const base::result<list> no_name = errc::not_found;
    const base::result<list> failed = errc::unavailable;
    CHECK(merge(some, some).value().size() == 2);
    CHECK(merge(some, failed).value().size() == 1);
    CHECK(merge(no_name, some).value().size() == 1);
    CHECK(merge(none, none).value().empty());
    CHECK(merge(none, no_name).value().empty());
    CHECK(merge(no_name, no_name).error() == errc::not_found);
    CHECK(merge(none, failed).error() == errc::unavailable);
    CHECK(merge(failed, none).error() == errc::unavailable);
    CHECK(merge(no_name, failed).error() == errc::unavailable);
}

TEST_CASE("an address is asked for backwards", "[dns][answer]") {
    CHECK(pointer_name(boost::asio::ip::make_address("192.0.2.254")) == "254.2.0.192.in-addr.arpa");
    CHECK(pointer_name(boost::asio::ip::make_address("::ffff:192.0.2.1")) == "1.2.0.192.in-addr.arpa");
    CHECK(pointer_name(boost::asio::ip::make_address("2001:db8::af")) ==
          "f.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST_CASE("records for another name are not taken for ours", "[dns][answer]") {
    const auto other = ipv4_addresses(of(reply_to(question("good.org", test::type_a), 0, {test::a("evil.org", ipv4)})));
    CHECK((other.has_error() || other->empty()));
}

TEST_CASE("a loop of aliases ends", "[dns][answer]") {
    const auto looped =
        reply_to(question("a.org", test::type_a), 0, {test::cname("a.org", "b.org"), test::cname("b.org", "a.org")});
    const auto given = ipv4_addresses(of(looped));
    CHECK((given.has_error() || given->empty()));
}

// Postfix 1997-2026: an MX record one or two bytes short.
TEST_CASE("an MX record without its host is malformed", "[dns][answer]") {
    for (std::size_t size = 0; size < 3; ++size) {
        const test::record cut{"e.org", test::type_mx, std::string("\0\x0a\x01", size)};
        const auto given = mx_records(of(reply_to(question("e.org", test::type_mx), 0, {cut})));
        CAPTURE(size);
        CHECK((given.has_error() || given->empty()));
    }
}

TEST_CASE("a name that points to itself is malformed", "[dns][answer]") {
    const asked mx = question("e.org", test::type_mx);
    const auto at = [&mx](std::string data) {
        return mx_records(of(reply_to(mx, 0, {{"e.org", test::type_mx, std::move(data)}})));
    };
    CHECK(at(std::string("\0\x0a\xc0\x2a", 4)).has_error());
    CHECK(at(std::string("\0\x0a\xc0\xff", 4)).has_error());
    CHECK(at(std::string("\0\x0a\xff\xff", 4)).has_error());
}

TEST_CASE("names hold no bytes that could break a line", "[dns][answer]") {
    const std::string evil = "a\r\nb\x01\0c";
    for (const std::string& label :
         {std::string("a\r\nb"), std::string("a\0b", 3), std::string("a b"), std::string("\x1b[2J")}) {
        const auto names = pointer_names(
            of(reply_to(question("1.in-addr.arpa", test::type_ptr), 0, {test::ptr("1.in-addr.arpa", label + ".org")})));
        const auto hosts = mx_records(of(reply_to(question("e.org", test::type_mx), 0, {test::mx("e.org", 1, label)})));
        std::string all;
        if (names.has_value()) {
            for (const std::string& each : *names) all += each;
        }
        if (hosts.has_value()) {
            for (const mx_record& each : *hosts) all += each.host;
        }
        CAPTURE(all);
        CHECK(all.find_first_of(std::string_view("\r\n\0\x1b", 4)) == std::string::npos);
    }
}

TEST_CASE("any change to an answer is parsed without harm", "[dns][answer]") {
    const std::vector<std::string> good = {
        reply_to(question("e.org", test::type_a), 0, {test::cname("e.org", "f.org"), test::a("f.org", ipv4)}),
        reply_to(question("e.org", test::type_mx), 0, {test::mx("e.org", 1, "mx.e.org"), test::mx("e.org", 2, "")}),
        reply_to(question("1.arpa", test::type_ptr), 0, {test::ptr("1.arpa", "a.org"), test::ptr("1.arpa", "b.org")}),
    };
    for (const std::string& message : good) {
        for (std::size_t i = 0; i < message.size(); ++i) {
            parse_all(of(message.substr(0, i)));
            for (int byte = 0; byte < 256; ++byte) {
                std::string changed = message;
                changed[i] = static_cast<char>(byte);
                parse_all(of(changed));
            }
        }
    }
}
