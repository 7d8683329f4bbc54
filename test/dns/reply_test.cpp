#include "reply.hpp"

#include <ares.h>

#include <catch2/catch.hpp>

#include "message.hpp"

using namespace waypost;
using namespace waypost::dns;
using namespace std::chrono_literals;
using test::asked;

namespace {

answer of(const std::string& message) { return {.status = ARES_SUCCESS, .message = {message.begin(), message.end()}}; }

const asked question{.id = 1,
                     .name = "e.org",
                     .type = test::type_mx,
                     .section = test::wire_name("e.org") + test::u16(15) + test::u16(1)};

reply read(unsigned flags, const std::vector<test::record>& answers, const std::vector<test::record>& authority = {}) {
    return read_reply(of(test::message_of(question, flags, answers, authority)), record_type::mx);
}

test::record lasting(test::record one, unsigned ttl) {
    one.ttl = ttl;
    return one;
}

test::record soa(unsigned ttl, unsigned minimum) {
    return {"org", test::type_soa,
            test::wire_name("ns.org") + test::wire_name("root.org") + std::string(16, '\1') + test::u32(minimum), ttl};
}

constexpr unsigned yes = 0x8180;
constexpr unsigned no_name = 0x8183;

const test::record mx1 = test::mx("e.org", 1, "mx.e.org");

}  // namespace

TEST_CASE("records of the name are believed for the shortest of their times", "[dns][reply]") {
    const reply said = read(yes, {lasting(mx1, 300), lasting(mx1, 200), lasting(mx1, 400)});
    CHECK_FALSE(said.refused);
    CHECK(said.records.size() == 3);
    CHECK(said.ttl == 200s);
}

TEST_CASE("an alias on the way counts for the time too", "[dns][reply]") {
    const reply said =
        read(yes, {lasting(test::cname("E.ORG", "f.org"), 30), lasting(test::mx("F.org", 1, "mx"), 300)});
    CHECK(said.records.size() == 1);
    CHECK(said.ttl == 30s);
}

// RFC 2181 section 8
TEST_CASE("a time with its highest bit set is none", "[dns][reply]") {
    CHECK(read(yes, {lasting(mx1, 0x80000000U)}).ttl == 0s);
}

TEST_CASE("an absence lasts as long as the SOA record says", "[dns][reply]") {
    CHECK(read(no_name, {}, {soa(900, 300)}).ttl == 300s);
    CHECK(read(no_name, {}, {soa(200, 300)}).ttl == 200s);
    CHECK(read(no_name, {}, {soa(900, 300)}).refused == errc::not_found);
    CHECK(read(yes, {}, {soa(900, 300)}).ttl == 300s);
    CHECK_FALSE(read(yes, {}, {soa(900, 300)}).refused);
    CHECK(read(yes, {lasting(test::cname("e.org", "f.org"), 30)}, {soa(900, 300)}).ttl == 30s);
}

TEST_CASE("an absence without SOA record may not be kept", "[dns][reply]") {
    CHECK(read(no_name, {}).ttl == 0s);
    CHECK(read(no_name, {}).refused == errc::not_found);
    CHECK(read(yes, {}).ttl == 0s);
}

TEST_CASE("an alias without records at its end is an absence, of a name that is not there not_found", "[dns][reply]") {
    const std::vector<test::record> alias = {test::cname("e.org", "f.org")};
    CHECK_FALSE(read(yes, alias).refused);
    CHECK(read(yes, alias).records.empty());
    CHECK(read(no_name, alias).refused == errc::not_found);
}

TEST_CASE("records of another name only are no absence", "[dns][reply]") {
    CHECK(read(yes, {test::mx("evil.org", 1, "mx.evil.org")}).refused == errc::malformed);
    CHECK(read(no_name, {test::mx("evil.org", 1, "mx.evil.org")}).refused == errc::malformed);
    // Beside ours they are not heard.
    CHECK(read(yes, {test::mx("evil.org", 1, "mx.evil.org"), mx1}).records.size() == 1);
}

TEST_CASE("records of another type or class at the name are passed over", "[dns][reply]") {
    CHECK(read(yes, {{"e.org", 46, "signature"}, mx1}).records.size() == 1);
    test::record chaos = mx1;
    chaos.internet = false;
    CHECK(read(yes, {chaos, mx1}).records.size() == 1);
}

TEST_CASE("a chain of aliases has an end", "[dns][reply]") {
    const auto chain = [](int length) {
        std::vector<test::record> all;
        std::string name = "e.org";
        for (int i = 0; i < length; ++i) {
            const std::string next = "a" + std::to_string(i) + ".org";
            all.push_back(test::cname(name, next));
            name = next;
        }
        all.push_back(test::mx(name, 1, "mx.org"));
        return read(yes, all);
    };
    CHECK(chain(8).records.size() == 1);
    CHECK(chain(16).refused == errc::malformed);
    CHECK(read(yes, {test::cname("e.org", "f.org"), test::cname("f.org", "e.org")}).refused == errc::malformed);
    CHECK(read(yes, {test::cname("e.org", "e.org")}).refused == errc::malformed);
}

TEST_CASE("every code but two is a failure of the server", "[dns][reply]") {
    for (unsigned code = 1; code < 16; ++code) {
        CAPTURE(code);
        CHECK(read(0x8180U | code, {}).refused == (code == 3 ? errc::not_found : errc::unavailable));
    }
}

TEST_CASE("a server that names others to ask has not answered", "[dns][reply]") {
    const test::record ns{"org", test::type_ns, test::wire_name("ns.org")};
    CHECK(read(yes, {}, {ns}).refused == errc::unavailable);
    CHECK_FALSE(read(yes, {}, {ns, soa(1, 1)}).refused);
}

TEST_CASE("what is no answer, is cut off or is about something else is malformed", "[dns][reply]") {
    CHECK(read(0x0180, {mx1}).refused == errc::malformed);  // a question
    CHECK(read(0x8380, {mx1}).refused == errc::malformed);  // truncated, and that by TCP
    CHECK(read_reply(of(test::message_of(question, yes, {mx1})), record_type::a).refused == errc::malformed);
    CHECK(read_reply(of(""), record_type::mx).refused == errc::malformed);
    std::string none = test::message_of(question, yes, {mx1});
    none[5] = 0;  // without a question
    CHECK(read_reply(of(none), record_type::mx).refused == errc::malformed);
    std::string more = test::message_of(question, yes, {mx1});
    more[7] = 2;  // with one record fewer than it says
    CHECK(read_reply(of(more), record_type::mx).refused == errc::malformed);
    CHECK(read(yes, {}, {{"org", test::type_soa, "short"}}).refused == errc::malformed);
}

TEST_CASE("an answer is authentic if its AD bit says so", "[dns][reply]") {
    CHECK_FALSE(read(yes, {mx1}).authentic);
    CHECK(read(yes | 0x20U, {mx1}).authentic);
    CHECK(read(yes | 0x20U, {}, {soa(1, 1)}).authentic);
    CHECK_FALSE(read(0x8182 | 0x20U, {}).authentic);
}
