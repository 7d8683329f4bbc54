#include "header_changes.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using inbound::fields_for;
using inbound::header_changes;
using inbound::submitter;

namespace {

const mail::domain host = mail::domain::parse("mx.example.org").value();
const async::wall_time now{std::chrono::seconds(1'795'375'620)};

mail::missing_fields fields(submitter client, std::string_view sender) {
    return fields_for(client, mail::reverse_path::from_text(sender).value(), "0abc", host, now);
}

/// The outcome, which is the same at every split into two.
std::string changed(const header_changes& changes, std::string_view text) {
    std::string whole;
    for (std::size_t split = 0; split <= text.size(); ++split) {
        header_changes two = changes;
        std::string out(two.feed(text.substr(0, split)));
        out += two.feed(text.substr(split));
        out += two.end();
        if (split == 0) whole = out;
        CAPTURE(split);
        REQUIRE(out == whole);
    }
    return whole;
}

}  // namespace

TEST_CASE("audit 28: the fields of a program on this machine name its sender, and MAILER-DAEMON for none",
          "[inbound][header_changes]") {
    CHECK(fields(submitter::on_this_machine, "ada@example.net").from_field == "From: <ada@example.net>\r\n");
    CHECK(fields(submitter::on_this_machine, "").from_field == "From: <MAILER-DAEMON@mx.example.org>\r\n");
    CHECK(fields(submitter::logged_in, "ada@example.net").from_field.empty());
    CHECK(fields(submitter::logged_in, "").date == "Date: Sun, 22 Nov 2026 19:27:00 +0000\r\n");
    CHECK(fields(submitter::logged_in, "").message_id == "Message-ID: <0abc.6b034204@mx.example.org>\r\n");
}

TEST_CASE("audit 28: a message is completed and masqueraded in one go, at every split", "[inbound][header_changes]") {
    const header_changes both(
        mail::header_pass({.from_field = {}, .date = "Date: d\r\n", .message_id = "Message-ID: m\r\n"}),
        mail::masquerade("ada@example.org"));
    CHECK(changed(both, "Bcc: b@x\r\n c@x\r\nFrom: forged\r\n too\r\nSubject: s\r\n\r\nFrom: body\r\n") ==
          "From: ada@example.org\r\nSubject: s\r\nDate: d\r\nMessage-ID: m\r\n\r\nFrom: body\r\n");
    CHECK(changed(both, "From: forged") == "From: ada@example.org\r\nDate: d\r\nMessage-ID: m\r\n");
    // What would be another author to a lenient reader is of the body.
    CHECK(changed(both, " From: forged\r\n\r\nx") == "Date: d\r\nMessage-ID: m\r\n\r\n From: forged\r\n\r\nx");
    CHECK(changed(both, "no field\r\nFrom: f\r\n") == "Date: d\r\nMessage-ID: m\r\n\r\nno field\r\nFrom: f\r\n");
}

TEST_CASE("a piece behind the header section is passed on as it lies", "[inbound][header_changes]") {
    header_changes relayed{mail::header_pass(), std::nullopt};
    (void)relayed.feed("S");
    const std::string_view piece = "ubject: x\r\n";
    CHECK(relayed.feed(piece).data() == piece.data());
}
