#include "waypost/inbound/policy.hpp"

#include <catch2/catch.hpp>

#include "support/fake_table.hpp"
#include "support/run_to_end.hpp"

using namespace waypost;

namespace {

int answer(test::fake_table& senders, const std::string& user, const std::string& sender, char tag_delimiter = '+') {
    const auto path = mail::reverse_path::from_text(sender).value();
    return test::run_to_end(inbound::sender_verdict(senders, user, path, tag_delimiter)).code();
}

}  // namespace

TEST_CASE("a user may send as what his row lists, and as nothing else", "[inbound][policy]") {
    test::fake_table senders;
    senders.rows["ada"] = "ada@example.org, @ada.example ,info@*.example.net";
    senders.rows["root"] = "@";
    CHECK(answer(senders, "ada", "ada@example.org") == 250);
    CHECK(answer(senders, "ada", "Ada@Example.ORG") == 250);
    CHECK(answer(senders, "ada", "ada+tag@example.org") == 250);
    CHECK(answer(senders, "ada", "ada-tag@example.org") == 550);
    CHECK(answer(senders, "ada", "ada-tag@example.org", '-') == 250);
    CHECK(answer(senders, "ada", "anybody@ada.example") == 250);
    CHECK(answer(senders, "ada", "info@mail.example.net") == 250);
    CHECK(answer(senders, "ada", "bob@example.org") == 550);
    CHECK(answer(senders, "ada", "ada@example.org.evil.example") == 550);
    CHECK(answer(senders, "bob", "bob@example.org") == 550);
    CHECK(answer(senders, "root", "anybody@anywhere.example") == 250);
}

TEST_CASE("a table that cannot be asked is trouble for now", "[inbound][policy]") {
    test::fake_table senders;
    senders.unavailable = true;
    CHECK(answer(senders, "ada", "ada@example.org") == 451);
}
