#include "waypost/mail/header_pass.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "waypost/base/ascii.hpp"
#include "waypost/mail/header.hpp"

using namespace waypost;

namespace {

const mail::missing_fields additions{
    .from_field = "From: f\r\n", .date = "Date: d\r\n", .message_id = "Message-ID: m\r\n"};
const std::string all_three = "From: f\r\nDate: d\r\nMessage-ID: m\r\n";

std::string through(mail::header_pass pass, std::string_view text, std::size_t piece) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += piece) pass.feed(text.substr(i, piece), out);
    pass.end(out);
    return out;
}

/// The same at every split into pieces of one size, and at every split into two.
std::string changed(const mail::header_pass& pass, std::string_view text) {
    const std::string whole = through(pass, text, std::max<std::size_t>(text.size(), 1));
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        CAPTURE(piece);
        REQUIRE(through(pass, text, piece) == whole);
    }
    for (std::size_t split = 0; split <= text.size(); ++split) {
        CAPTURE(split);
        mail::header_pass two = pass;
        std::string out;
        two.feed(text.substr(0, split), out);
        two.feed(text.substr(split), out);
        two.end(out);
        REQUIRE(out == whole);
    }
    return whole;
}

std::string submitted(std::string_view text) { return changed(mail::header_pass(additions), text); }
std::string relayed(std::string_view text) { return changed(mail::header_pass(), text); }

}  // namespace

TEST_CASE("audit 28: Bcc and Resent-Bcc leave submitted mail, with all their lines", "[mail][header_pass]") {
    const std::string rest = "Bccc: x\r\nX-Bcc: y\r\nFrom: a\r\nDate: b\r\nMessage-ID: c\r\n";
    CHECK(submitted("Bcc: secret@x\r\nTo: a@x\r\nBCC : one@x,\r\n\ttwo@x,\r\n \r\n three@x\r\nresent-bcc: z\r\n" +
                    rest + "\r\nBcc: the body stays\r\n") == "To: a@x\r\n" + rest + "\r\nBcc: the body stays\r\n");
    CHECK(submitted(rest + "Bcc: last@x\r\n\r\n") == rest + "\r\n");
    CHECK(submitted(rest + "Bcc: endless@x") == rest);
}

TEST_CASE("audit 28: submitted mail gets the fields that it lacks, at the end of its header", "[mail][header_pass]") {
    CHECK(submitted("Subject: x\r\n\r\nbody\r\n") == "Subject: x\r\n" + all_three + "\r\nbody\r\n");
    CHECK(submitted("Subject: x\r\nDATE : y\r\n\r\n") == "Subject: x\r\nDATE : y\r\nFrom: f\r\nMessage-ID: m\r\n\r\n");
    CHECK(submitted("from: y\r\nmessage-id: z\r\n\r\n") == "from: y\r\nmessage-id: z\r\nDate: d\r\n\r\n");
    CHECK(submitted("\r\nDate: of the body\r\n") == all_three + "\r\nDate: of the body\r\n");
    CHECK(submitted("Resent-Date: x\r\nDated: y\r\n\r\n") == "Resent-Date: x\r\nDated: y\r\n" + all_three + "\r\n");
}

TEST_CASE("what is not to be added is not added", "[mail][header_pass]") {
    mail::missing_fields without = additions;
    without.from_field.clear();
    CHECK(changed(mail::header_pass(without), "Subject: x\r\n\r\n") ==
          "Subject: x\r\nDate: d\r\nMessage-ID: m\r\n\r\n");
}

TEST_CASE("submitted mail may end within its header", "[mail][header_pass]") {
    CHECK(submitted("") == all_three);
    CHECK(submitted("Subject: x\r\n") == "Subject: x\r\n" + all_three);
    CHECK(submitted("Subject: x") == "Subject: x\r\n" + all_three);
    CHECK(submitted("Subject: x\r\n folded") == "Subject: x\r\n folded\r\n" + all_three);
    CHECK(submitted("Subj") == all_three + "\r\nSubj");
    CHECK(submitted("Subject: x\r\n\r") == "Subject: x\r\n" + all_three + "\r\n\r");
}

TEST_CASE("audit 28: a line of submitted mail that is no field begins the body", "[mail][header_pass]") {
    for (const std::string line : {" begins with a blank\r\n", "\tor a tab: x\r\n", "just text\r\n", ": no name\r\n",
                                   "two words: x\r\n", "N\xc3\xa4me: x\r\n", "\r\r\n", " \r\n", "no colon at all"}) {
        CAPTURE(line);
        CHECK(submitted(line + "more\r\n") == all_three + "\r\n" + line + "more\r\n");
        if (!base::is_blank(line.front())) {
            CHECK(submitted("Subject: x\r\n" + line + "more\r\n") ==
                  "Subject: x\r\n" + all_three + "\r\n" + line + "more\r\n");
        }
    }
}

TEST_CASE("the mbox line in front of submitted mail is not mail", "[mail][header_pass]") {
    for (const std::string line : {"From ada Sun Nov 22 19:27:00 2026\r\n", ">From ada Sun Nov 22\r\n", "From \r\n"}) {
        CHECK(submitted(line + "Subject: x\r\n\r\n") == "Subject: x\r\n" + all_three + "\r\n");
    }
    CHECK(submitted("From : a\r\nFrom ada Sun\r\n") == "From : a\r\nDate: d\r\nMessage-ID: m\r\n\r\nFrom ada Sun\r\n");
}

TEST_CASE("a name is held back up to the longest line and no further", "[mail][header_pass]") {
    const std::string longest(997, 'n');
    CHECK(through(mail::header_pass(additions), longest + ": x\r\n", 10) == longest + ": x\r\n" + all_three);
    const std::string endless(5000, 'n');
    CHECK(through(mail::header_pass(additions), endless, 10) == all_three + "\r\n" + endless);
    mail::header_pass pass(additions);
    std::string out;
    pass.feed(endless, out);
    CHECK(pass.is_over());
    CHECK(out.size() > endless.size());
}

TEST_CASE("audit 28: of relayed mail only a first line that begins with a blank is parted from our trace field",
          "[mail][header_pass]") {
    CHECK(relayed(" x\r\n\r\nbody\r\n") == "\r\n x\r\n\r\nbody\r\n");
    CHECK(relayed("\tx: y\r\n") == "\r\n\tx: y\r\n");
    for (const std::string text :
         {"", "\r\n", "Bcc: a\r\n\r\n", "no field\r\n", "From ada Sun\r\n\r\n", "Subject: x\r\n y\r\n", "\r\n x\r\n"}) {
        CAPTURE(text);
        CHECK(relayed(text) == text);
    }
}

TEST_CASE("whatever is submitted, the outcome is one complete header without Bcc", "[mail][header_pass]") {
    std::mt19937 random(28);
    const std::vector<std::string> parts{"Bcc",  "From", "Date", "Message-ID",    ":",  ": ",   " ", "\t", "\r\n",
                                         "\r\n", "\n",   "x",    "Resent-Bcc: a", "\r", "From "};
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto count = random() % 14; count > 0; --count) text += parts[random() % parts.size()];
        const std::string once = through(mail::header_pass(additions), text, 1 + random() % 5);
        CAPTURE(text, once);
        REQUIRE(once == through(mail::header_pass(additions), text, 1000));
        const mail::header_section header = mail::parse_header(once);
        const auto count = [&](std::string_view name) {
            return std::ranges::count_if(header.fields,
                                         [&](const auto& field) { return base::iequals(field.name, name); });
        };
        REQUIRE(count("Bcc") == 0);
        REQUIRE(count("Resent-Bcc") == 0);
        for (const char* name : {"From", "Date", "Message-ID"}) REQUIRE(count(name) >= 1);
        REQUIRE(!base::is_blank(once.front()));
        REQUIRE(through(mail::header_pass(additions), once, 1000) == once);
    }
}
