#include "option.hpp"

#include <catch2/catch.hpp>

#include "waypost/config/syntax/source.hpp"

using namespace waypost::config;
using namespace std::chrono_literals;

namespace {

struct limits {
    std::size_t guests = 20;
    std::chrono::seconds stay{3600};
};
struct inn {
    ::limits limits;
    std::optional<located_string> keeper;
    std::string sign;
    bool is_open = true;
};

template <auto Member>
constexpr auto in_limits = field<&inn::limits, Member>;

constexpr option<inn> limit_options[] = {
    {"guests", setting{in_limits<&limits::guests>, count{"a number of guests", 1, 99}}, "guests at a time",
     printing::always},
    {"stay", setting{in_limits<&limits::stay>, time_span()}, "the longest stay"},
};

void refuse_when_open(cursor& cursor, const inn& inn, const token& word) {
    if (inn.is_open) cursor.fail(word, "the inn is open");
}

constexpr option<inn> options[] = {
    {"limit", group{limit_options, "limit of the inn", layout::listing}, "what the inn bears"},
    {"keeper", setting{field<&inn::keeper>, string_value{"a name"}}, "who keeps it"},
    {"sign", setting{field<&inn::sign>, string_value{"a text"}}, "what is written above the door"},
    {"closed", constant{field<&inn::is_open>, false}, "nobody is let in", printing::if_changed, true},
    {"shut", constant{field<&inn::is_open>, false}},
    {.word = "sold", .value = constant{field<&inn::is_open>, false}, .check = &refuse_when_open},
    {"stable"},
};

/// What the text makes of an inn, or the fault in it.
std::pair<inn, std::string> read(const std::string& text) {
    fault_list faults;
    cursor tokens(tokens_of_text(text, "t", {}, faults), faults);
    inn made;
    try {
        read_options<inn>(tokens, made, options, "option of an inn");
    } catch (const leave_directive&) {}
    const auto all = std::move(faults).take();
    return {made, all.empty() ? std::string() : to_string(all.front())};
}
inn inn_of(const std::string& text) { return read(text).first; }
std::string fault_in(const std::string& text) { return read(text).second; }
std::string printed(const std::string& text) { return joined(print_options<inn>(inn_of(text), {}, options)); }

}  // namespace

TEST_CASE("an option sets what its field names, however deep that is", "[config][option]") {
    const inn made = inn_of("limit { guests 7 stay 2h } keeper joe sign \"The Ship\" closed");
    CHECK(made.limits.guests == 7);
    CHECK(made.limits.stay == 2h);
    CHECK(made.keeper->text == "joe");
    CHECK(made.sign == "The Ship");
    CHECK_FALSE(made.is_open);
}

TEST_CASE("what differs from the default is printed, and what is always printed", "[config][option]") {
    CHECK(printed("") == "limit guests 20");
    CHECK(printed("limit guests 20 stay 1h") == "limit guests 20");
    CHECK(printed("limit stay 2h guests 7") == "limit guests 7 stay 2h");
    CHECK(printed("closed sign \"The Ship\" keeper joe") == "limit guests 20 keeper \"joe\" sign \"The Ship\" closed");
}

TEST_CASE("a word without a description is another word for an option, and is never printed", "[config][option]") {
    CHECK_FALSE(inn_of("shut").is_open);
    CHECK(printed("shut") == printed("closed"));
}

TEST_CASE("an option stands once, unless it may repeat", "[config][option]") {
    CHECK(fault_in("keeper joe keeper ann") == "t:1:12: \"keeper\" stands here twice; remove one of them");
    CHECK(fault_in("closed closed").empty());
}

TEST_CASE("an option is checked before its value is read", "[config][option]") {
    CHECK(fault_in("sold") == "t:1:1: the inn is open");
    CHECK(fault_in("closed sold").empty());
}

TEST_CASE("a word alone is one that is not built", "[config][option]") {
    CHECK(fault_in("stable") == "t:1:1: \"stable\" is not built yet; remove it");
    CHECK(fault_in("stabel") == "t:1:1: unknown option of an inn \"stabel\"; did you mean \"stable\"?");
}

TEST_CASE("a group has an option at least, and in braces an end", "[config][option]") {
    CHECK(fault_in("limit") == "t:1:6: expected a limit of the inn, found the end of the line");
    CHECK(fault_in("limit { guests 7") == "t:1:17: expected \"}\", found the end of the file");
    CHECK(fault_in("limit { guests 7 }").empty());
    CHECK(fault_in("limit guests 100") == "t:1:14: \"100\" is not a number of guests; write a number from 1 to 99");
}
