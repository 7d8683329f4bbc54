#include "waypost/spool/content.hpp"

#include <catch2/catch.hpp>

#include "store_house.hpp"
#include "support/temporary_directory.hpp"
#include "waypost/spool/volume.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

struct desk {
    waypost::test::temporary_directory place;
    busy_loop loop;
    async::thread_pool io{1};

    ~desk() { io.join(); }
    std::shared_ptr<content> empty() { return std::make_shared<content>(place.path(), "text", io); }
    bool add(content& to, std::string_view piece) { return run_to_end(loop, to.append(piece)).has_value(); }
    bool seal(content& what) { return run_to_end(loop, what.seal()).has_value(); }
    std::string all(std::shared_ptr<const content> what) { return run_to_end(loop, read_all(std::move(what))).value(); }
    [[nodiscard]] bool has_file() const { return std::filesystem::exists(place.path() + "/text"); }
};

}  // namespace

TEST_CASE("content reads as its trace fields and then its text, however it came", "[spool][content]") {
    const auto total = GENERATE(0U, 1U, 65'536U, 65'537U, 131'072U, 200'000U);
    const auto step = GENERATE(1000U, 65'535U, 65'536U, 300'000U);
    desk on;
    auto text = on.empty();
    std::string whole;
    while (whole.size() < total) {
        std::string piece(std::min<std::size_t>(step, total - whole.size()),
                          static_cast<char>('a' + whole.size() % 23));
        REQUIRE(on.add(*text, piece));
        whole += piece;
    }
    text->set_trace("Received: by us\r\n");
    REQUIRE(on.seal(*text));
    CHECK(text->text_size() == total);
    CHECK(text->size() == total + 17);
    CHECK(text->in_file() == (total > content::memory_limit));
    CHECK(on.all(text) == "Received: by us\r\n" + whole);
}

TEST_CASE("no more than the limit is in memory while a message comes in", "[spool][content]") {
    desk on;
    auto text = on.empty();
    text->reserve(std::numeric_limits<std::uint64_t>::max());
    const std::string piece(10'000, 'x');
    for (int n = 0; n < 100; ++n) {
        REQUIRE(on.add(*text, piece));
        CHECK(text->text().capacity() <= content::memory_limit);
    }
}

TEST_CASE("the file of a message that nobody took over goes with it", "[spool][content]") {
    desk on;
    auto text = on.empty();
    REQUIRE(on.add(*text, std::string(100'000, 'x')));
    SECTION("before it is whole") { CHECK(std::filesystem::exists(on.place.path() + "/text.part")); }
    SECTION("and after") { REQUIRE(on.seal(*text)); }
    text.reset();
    on.io.join();
    CHECK(std::filesystem::is_empty(on.place.path()));
}

TEST_CASE("audit 21: a text for which there is no room is refused, and its file goes", "[spool][content]") {
    desk on;
    const auto room = std::make_shared<volume>(on.place.path(), std::uint64_t{1} << 60);
    {
        content text(on.place.path(), "text", on.io, room);
        CHECK(on.add(text, std::string(1000, 'x')));
        CHECK_FALSE(on.add(text, std::string(100'000, 'x')));
        CHECK_FALSE(on.seal(text));
    }
    on.io.join();
    CHECK(std::filesystem::is_empty(on.place.path()));
}

TEST_CASE("the file of a message that was taken over stays", "[spool][content]") {
    desk on;
    auto text = on.empty();
    REQUIRE(on.add(*text, std::string(100'000, 'x')));
    REQUIRE(on.seal(*text));
    text->keep_file();
    text.reset();
    on.io.join();
    CHECK(on.has_file());
}

TEST_CASE("a file that cannot be written is an error at once and at the end", "[spool][content]") {
    desk on;
    content text(on.place.path() + "/missing", "text", on.io);
    CHECK(on.add(text, std::string(1000, 'x')));
    CHECK_FALSE(on.add(text, std::string(100'000, 'x')));
    CHECK_FALSE(on.add(text, "more"));
    CHECK_FALSE(on.seal(text));
}

TEST_CASE("a text that arrived in a large reserve keeps no more than it needs", "[spool][content]") {
    desk on;
    auto text = on.empty();
    text->reserve(60'000);
    REQUIRE(on.add(*text, "short"));
    REQUIRE(on.seal(*text));
    CHECK(text->text().capacity() < 100);
}

TEST_CASE("audit 10: where memory is short a text that comes in goes into its file early", "[spool][content]") {
    desk on;
    async::permits budget(32 * 1024);
    auto rich = on.empty();
    auto poor = on.empty();
    rich->draw_on(budget);
    poor->draw_on(budget);
    std::string whole;
    for (int n = 0; n < 30; ++n) {
        const std::string piece(1000, static_cast<char>('a' + n));
        whole += piece;
        REQUIRE(on.add(*rich, piece));
    }
    CHECK_FALSE(rich->in_file());
    CHECK(budget.used() >= whole.size());
    for (int n = 0; n < 30; ++n) {
        REQUIRE(on.add(*poor, whole.substr(static_cast<std::size_t>(n) * 1000, 1000)));
        CHECK(poor->text().capacity() <= content::free_memory);
    }
    CHECK(poor->in_file());
    REQUIRE(on.seal(*poor));
    CHECK(on.all(poor) == whole);
    rich.reset();
    CHECK(budget.used() == 0);
}

TEST_CASE("audit 10: what is in its file has given its memory back", "[spool][content]") {
    desk on;
    async::permits budget(1 << 20);
    auto text = on.empty();
    text->draw_on(budget);
    REQUIRE(on.add(*text, std::string(200'000, 'x')));
    CHECK(budget.used() == content::memory_limit);
    REQUIRE(on.seal(*text));
    CHECK(budget.used() == 0);
}
