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

void parse_all(const answer& answer) {
    (void)ipv4_addresses(answer);
    (void)ipv6_addresses(answer);
    (void)mx_records(answer);
    (void)pointer_names(answer);
    (void)texts(answer);
    (void)tlsa_records(answer);
}

const std::string ipv4{"\xc0\x00\x02\x01", 4};

}  // namespace

TEST_CASE("a status alone says whether there is nothing or nobody could be asked", "[dns][answer]") {
    CHECK(mx_records({.status = ARES_EBADNAME, .message = {}}).error() == errc::not_found);
    CHECK(pointer_names({.status = ARES_EBADNAME, .message = {}}).value().empty());
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
    using given = base::result<address_answer>;
    const given none = address_answer();
    const given some = address_answer{{boost::asio::ip::make_address("192.0.2.1")}, true};
    const given no_name = errc::not_found;
    const given failed = errc::unavailable;
    CHECK(merge(some, some).value().records.size() == 2);
    CHECK(merge(some, failed).value().records.size() == 1);
    CHECK(merge(no_name, some).value().records.size() == 1);
    CHECK(merge(none, none).value().records.empty());
    CHECK(merge(none, no_name).value().records.empty());
    CHECK(merge(no_name, no_name).error() == errc::not_found);
    CHECK(merge(none, failed).error() == errc::unavailable);
    CHECK(merge(failed, none).error() == errc::unavailable);
    CHECK(merge(no_name, failed).error() == errc::unavailable);
    CHECK(merge(some, some).value().authentic);
    CHECK_FALSE(merge(some, none).value().authentic);
    CHECK(merge(some, failed).value().authentic);
    CHECK_FALSE(merge(some, address_answer()).value().authentic);
}

TEST_CASE("an address is asked for backwards", "[dns][answer]") {
    CHECK(pointer_name(boost::asio::ip::make_address("192.0.2.254")) == "254.2.0.192.in-addr.arpa");
    CHECK(pointer_name(boost::asio::ip::make_address("::ffff:192.0.2.1")) == "1.2.0.192.in-addr.arpa");
    CHECK(pointer_name(boost::asio::ip::make_address("2001:db8::af")) ==
          "f.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST_CASE("records for another name are not taken for ours", "[dns][answer]") {
    const auto other = ipv4_addresses(of(reply_to(question("good.org", test::type_a), 0, {test::a("evil.org", ipv4)})));
    REQUIRE(other.has_error());
    CHECK(other.error() == errc::malformed);
}

TEST_CASE("a loop of aliases ends", "[dns][answer]") {
    const auto looped =
        reply_to(question("a.org", test::type_a), 0, {test::cname("a.org", "b.org"), test::cname("b.org", "a.org")});
    CHECK(ipv4_addresses(of(looped)).error() == errc::malformed);
}

// Postfix 1997-2026: an MX record one or two bytes short.
TEST_CASE("an MX record without its host is malformed", "[dns][answer]") {
    for (std::size_t size = 0; size < 3; ++size) {
        const test::record cut{"e.org", test::type_mx, std::string("\0\x0a\x01", size)};
        const auto given = mx_records(of(reply_to(question("e.org", test::type_mx), 0, {cut})));
        CAPTURE(size);
        CHECK(given.error() == errc::malformed);
    }
}

TEST_CASE("an MX record with more behind its host is malformed", "[dns][answer]") {
    test::record longer = test::mx("e.org", 10, "mx.e.org");
    longer.data += '\0';
    CHECK(mx_records(of(reply_to(question("e.org", test::type_mx), 0, {longer}))).error() == errc::malformed);
}

TEST_CASE("an address of another length is malformed", "[dns][answer]") {
    for (const std::size_t size : {0U, 3U, 5U, 16U}) {
        const test::record odd{"e.org", test::type_a, std::string(size, '\1')};
        CHECK(ipv4_addresses(of(reply_to(question("e.org", test::type_a), 0, {odd}))).error() == errc::malformed);
    }
    for (const std::size_t size : {0U, 4U, 15U, 17U}) {
        const test::record odd{"e.org", test::type_aaaa, std::string(size, '\1')};
        CHECK(ipv6_addresses(of(reply_to(question("e.org", test::type_aaaa), 0, {odd}))).error() == errc::malformed);
    }
}

TEST_CASE("one damaged record makes the whole answer malformed", "[dns][answer]") {
    const test::record odd{"e.org", test::type_mx, "x"};
    const auto given =
        mx_records(of(reply_to(question("e.org", test::type_mx), 0, {test::mx("e.org", 1, "mx.e.org"), odd})));
    CHECK(given.error() == errc::malformed);
}

// Postfix 20260524 and 20260529: short TLSA records.
TEST_CASE("a TLSA record has data, or is malformed", "[dns][answer]") {
    const auto of_data = [](std::string data) {
        const test::record one{"_25._tcp.e.org", test::type_tlsa, std::move(data)};
        return tlsa_records(of(reply_to(question(one.name, test::type_tlsa), 0, {one})));
    };
    for (std::size_t size = 0; size <= 3; ++size) {
        CAPTURE(size);
        CHECK(of_data(std::string("\3\1\1").substr(0, size)).error() == errc::malformed);
    }
    const auto short_one = of_data("\3\1\1\xff");
    REQUIRE(short_one.has_value());  // of no use, but that is for DANE to say
    CHECK(short_one->records == std::vector<tlsa_record>{{3, 1, 1, "\xff"}});
    CHECK(of_data(std::string("\2\0\1", 3) + std::string(32, '\0')).value().records.at(0).data ==
          std::string(32, '\0'));
}

TEST_CASE("the strings of a TXT record are joined, and records are not", "[dns][answer]") {
    const auto of_data = [](const std::vector<std::string>& data) {
        std::vector<test::record> records;
        for (const std::string& each : data) records.push_back({"e.org", test::type_txt, each});
        return texts(of(reply_to(question("e.org", test::type_txt), 0, records)));
    };
    CHECK(of_data({"\7v=spf1 \4-all", "\1x"}).value() == std::vector<std::string>{"v=spf1 -all", "x"});
    CHECK(of_data({std::string(1, '\0')}).value() == std::vector<std::string>{""});
    CHECK(of_data({std::string("\3\0\r\n", 4)}).value() == std::vector<std::string>{std::string("\0\r\n", 3)});
    CHECK(of_data({""}).error() == errc::malformed);
    CHECK(of_data({"\5four"}).error() == errc::malformed);
    CHECK(of_data({"\4four\1"}).error() == errc::malformed);
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
            for (const mx_record& each : hosts->records) all += each.host;
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
        reply_to(question("e.org", test::type_txt), 0, {{"e.org", test::type_txt, "\3abc\1d"}}),
        reply_to(question("e.org", test::type_tlsa), 0, {{"e.org", test::type_tlsa, "\3\1\1\xff"}}),
        test::absence(question("e.org", test::type_mx), test::no_such_name, 60),
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
