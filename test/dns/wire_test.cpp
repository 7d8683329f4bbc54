#include "wire.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "message.hpp"

using namespace waypost;
using namespace waypost::dns;

namespace {

/// The name that stands at `at`, or "broken".
std::string name_at(const std::string& bytes, std::size_t position = 0) {
    const std::vector<unsigned char> message(bytes.begin(), bytes.end());
    reader from(message, position);
    const std::string found = from.name();
    return from.broken() ? "broken" : found;
}

std::string pointer_to(unsigned at) { return test::u16(0xc000U | at); }

}  // namespace

TEST_CASE("numbers are read in network order, and never past the end", "[dns][wire]") {
    const std::vector<unsigned char> message = {1, 2, 3, 4, 5, 6, 7, 8};
    reader from(message);
    CHECK(from.u8() == 1);
    CHECK(from.u16() == 0x0203);
    CHECK(from.u32() == 0x04050607);
    CHECK(from.left() == 1);
    CHECK(from.u16() == 0x0800);  // half of it is there
    CHECK(from.broken());
    CHECK(from.left() == 0);
    CHECK(from.u32() == 0);
    CHECK(from.bytes(1).empty());
    CHECK(from.name().empty());
}

TEST_CASE("a broken reader stays broken", "[dns][wire]") {
    const std::vector<unsigned char> message = {1, 2, 3};
    reader from(message);
    from.skip(4);
    CHECK(from.broken());
    CHECK(from.u8() == 0);
    CHECK(reader(message, 4).broken());
    CHECK_FALSE(reader(message, 3).broken());
}

TEST_CASE("a name is its labels, with compression or without", "[dns][wire]") {
    CHECK(name_at(test::wire_name("mx.example.org")) == "mx.example.org");
    CHECK(name_at(std::string(1, '\0')).empty());
    const std::string shared = test::wire_name("example.org") + "\2mx" + pointer_to(0);
    CHECK(name_at(shared, 13) == "mx.example.org");
    const std::string twice = shared + "\1a" + pointer_to(13);
    CHECK(name_at(twice, 18) == "a.mx.example.org");
}

TEST_CASE("what follows a compressed name is read on", "[dns][wire]") {
    const std::string bytes = test::wire_name("org") + "\1a" + pointer_to(0) + "\x2a";
    const std::vector<unsigned char> message(bytes.begin(), bytes.end());
    reader from(message, 5);
    CHECK(from.name() == "a.org");
    CHECK(from.u8() == 0x2a);
    CHECK_FALSE(from.broken());
}

TEST_CASE("a name that points to itself, forwards or in a circle is broken", "[dns][wire]") {
    CHECK(name_at(pointer_to(0)) == "broken");
    CHECK(name_at("\1a" + pointer_to(0)) == "broken");
    CHECK(name_at("\1a" + pointer_to(2)) == "broken");
    CHECK(name_at(pointer_to(2) + test::wire_name("org")) == "broken");
    CHECK(name_at("\1a" + pointer_to(4) + "\1b" + pointer_to(0), 4) == "broken");
    CHECK(name_at("\1a" + pointer_to(300)) == "broken");
}

TEST_CASE("a name that is cut short or too long is broken", "[dns][wire]") {
    CHECK(name_at("") == "broken");
    CHECK(name_at("\3or") == "broken");
    CHECK(name_at("\3org") == "broken");
    CHECK(name_at("\xc0") == "broken");
    CHECK(name_at(std::string("\x40\0", 2)) == "broken");
    CHECK(name_at(std::string("\x80\0", 2)) == "broken");
    std::string longest;
    for (int i = 0; i < 127; ++i) longest += "\1a";
    CHECK(name_at(longest + '\0').size() == 253);
    CHECK(name_at("\1b" + longest + '\0') == "broken");
}

TEST_CASE("bytes of a name that could break a line are escaped", "[dns][wire]") {
    CHECK(name_at(std::string("\4a\r\nb\0", 6)) == "a\\013\\010b");
    CHECK(name_at(std::string("\3a.b\1\\\0", 7)) == "a\\.b.\\\\");
    CHECK(name_at(std::string("\3\0 \xff\0", 5)) == "\\000\\032\\255");
}

TEST_CASE("a name that no question can hold is not written", "[dns][wire]") {
    CHECK(wire_name("example.org") == test::wire_name("example.org"));
    CHECK(wire_name("example.org.") == test::wire_name("example.org"));
    CHECK(wire_name(std::string(63, 'a')).has_value());
    for (const std::string& name :
         {std::string(), std::string("."), std::string(".org"), std::string("a..b"), std::string("a.."),
          std::string(64, 'a'), std::string("a\0b", 3), std::string("a\\.b")}) {
        CAPTURE(name);
        CHECK_FALSE(wire_name(name).has_value());
    }
    std::string longest = "a";
    for (int i = 0; i < 126; ++i) longest += ".a";
    CHECK(wire_name(longest).has_value());
    CHECK_FALSE(wire_name(longest + ".a").has_value());
}

TEST_CASE("a question asks for recursion and for the AD bit", "[dns][wire]") {
    const auto wire = *wire_name("e.org");
    const std::string plain = write_question(0x1234, wire, record_type::mx, std::nullopt);
    CHECK(plain == std::string("\x12\x34\x01\x20\0\1\0\0\0\0\0\0", 12) + test::wire_name("e.org") + test::u16(15) +
                       test::u16(1));
    const std::string extended = write_question(0x1234, wire, record_type::mx, 1232);
    CHECK(extended.substr(0, 10) == plain.substr(0, 10));
    CHECK(extended.substr(10, 2) == test::u16(1));
    CHECK(extended.substr(plain.size()) == std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11));
}
