#include "waypost/mail/dsn.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "waypost/mail/header.hpp"

using namespace waypost::mail;
using std::chrono::sys_days;
using namespace std::chrono_literals;

namespace {

mailbox box(std::string_view text) { return *mailbox::parse(text); }

/// The report; also left in $WAYPOST_DSN_DIRECTORY, where there is one, for test/system/dsn_validator_test.py.
std::string made(const report& report) {
    std::string content = format_dsn(report);
    const char* directory = std::getenv("WAYPOST_DSN_DIRECTORY");
    if (directory == nullptr) return content;
    static unsigned number = 0;
    std::ofstream(std::string(directory) + "/" + std::to_string(++number), std::ios::binary) << content;
    return content;
}

report bounce() {
    report about;
    about.reporting_host = "mx.example.org";
    about.recipient = reverse_path(box("alice@example.org"));
    about.envelope_id = "QQ314159";
    about.arrived = sys_days{2026y / 11 / 18} + 19h;
    about.time = sys_days{2026y / 11 / 22} + 19h + 27min;
    about.expires = sys_days{2026y / 11 / 26};
    about.message_id = "<0000000000000abc.1@mx.example.org>";
    about.recipients.push_back({box("bob@remote.example"), "rfc822;Bob+2BX@remote.example",
                                status::permanent("5.1.1", "no such mailbox"), "mx.remote.example"});
    about.returned = "Subject: hello\r\nFrom: alice@example.org\r\n";
    return about;
}

/// The parts of a multipart, taken apart as a reader would; the first is what stands before the first delimiter.
std::vector<std::string> parts_of(std::string_view content) {
    const std::size_t at = content.find("boundary=\"");
    REQUIRE(at != std::string_view::npos);
    const std::string_view boundary = content.substr(at + 10, content.find('"', at + 10) - at - 10);
    CHECK(boundary.size() <= 70);
    const std::string delimiter = "\r\n--" + std::string(boundary);
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t end = content.find(delimiter);
        REQUIRE(end != std::string_view::npos);
        parts.emplace_back(content.substr(0, end));
        content.remove_prefix(end + delimiter.size());
        if (content == "--\r\n") return parts;
        REQUIRE(content.starts_with("\r\n"));
        content.remove_prefix(2);
    }
}

std::string_view body_of(std::string_view part) { return parse_header(part).body; }

bool has(std::string_view text, std::string_view subject) { return text.find(subject) != std::string_view::npos; }

/// CR and LF only together, no line over 998 octets, nothing but printable ASCII; what goes back may have other octets
/// of ASCII.
void check_lines(std::string_view content, bool has_controls = false) {
    while (!content.empty()) {
        const std::size_t end = content.find("\r\n");
        REQUIRE(end != std::string_view::npos);
        REQUIRE(end <= 998);
        for (const char c : content.substr(0, end)) {
            const bool is_control = c > '\0' && c != '\r' && c != '\n' && (c < ' ' || c == '\x7f');
            REQUIRE((c == '\t' || (c >= ' ' && c <= '~') || (has_controls && is_control)));
        }
        content.remove_prefix(end + 2);
    }
}

}  // namespace

TEST_CASE("a failure is reported to people and to programs", "[mail][dsn]") {
    const std::string content = made(bounce());
    check_lines(content);
    const auto parts = parts_of(content);
    REQUIRE(parts.size() == 4);

    const std::string& header = parts[0];
    CHECK(has(header, "From: Mailer Daemon <MAILER-DAEMON@mx.example.org>\r\n"));
    CHECK(has(header, "\r\nTo: <alice@example.org>\r\n"));
    CHECK(has(header, "\r\nDate: Sun, 22 Nov 2026 19:27:00 +0000\r\n"));
    CHECK(has(header, "\r\nSubject: Delivery failed\r\n"));
    CHECK(has(header, "\r\nMessage-ID: <0000000000000abc.1@mx.example.org>\r\n"));
    CHECK(has(header, "\r\nMIME-Version: 1.0\r\n"));
    CHECK(has(header, "\r\nAuto-Submitted: auto-replied\r\n"));
    CHECK(has(header, "\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"));
    CHECK_FALSE(has(header, "Content-Transfer-Encoding"));

    CHECK(parts[1] ==
          "Content-Type: text/plain; charset=us-ascii\r\n"
          "\r\n"
          "This is the mail system at host mx.example.org.\r\n"
          "\r\n"
          "Your message could not be delivered to the recipients below.\r\n"
          "\r\n"
          "  <bob@remote.example>:\r\n"
          "    550 5.1.1 no such mailbox\r\n"
          "    (said mx.remote.example)\r\n"
          "\r\n"
          "No further attempt will be made. Please read the reasons given, and send the\r\n"
          "message again if that can help.\r\n"
          "The header section of the message is attached.\r\n");

    CHECK(parts[2] ==
          "Content-Type: message/delivery-status\r\n"
          "\r\n"
          "Original-Envelope-Id: QQ314159\r\n"
          "Reporting-MTA: dns; mx.example.org\r\n"
          "Arrival-Date: Wed, 18 Nov 2026 19:00:00 +0000\r\n"
          "\r\n"
          "Original-Recipient: rfc822; Bob+X@remote.example\r\n"
          "Final-Recipient: rfc822; bob@remote.example\r\n"
          "Action: failed\r\n"
          "Status: 5.1.1\r\n"
          "Remote-MTA: dns; mx.remote.example\r\n"
          "Diagnostic-Code: smtp; 550 5.1.1 no such mailbox\r\n"
          "Last-Attempt-Date: Sun, 22 Nov 2026 19:27:00 +0000\r\n");

    CHECK(parts[3] == "Content-Type: text/rfc822-headers\r\n\r\nSubject: hello\r\nFrom: alice@example.org\r\n");
}

TEST_CASE("a delay says until when it is tried", "[mail][dsn]") {
    report about = bounce();
    about.kind = report_kind::delayed;
    about.recipients[0].last = status::of(421, "", "come back later");
    about.recipients[0].remote_host.clear();
    about.recipients[0].original.clear();
    const auto parts = parts_of(made(about));
    CHECK(has(parts[0], "Subject: Delivery delayed\r\n"));
    CHECK(has(parts[1], "It gives up, and tells you, on Thu, 26 Nov 2026 00:00:00 +0000.\r\n"));
    CHECK(has(parts[2], "\r\nAction: delayed\r\nStatus: 4.0.0\r\nDiagnostic-Code: smtp; 421 come back later\r\n"));
    CHECK(has(parts[2], "\r\nWill-Retry-Until: Thu, 26 Nov 2026 00:00:00 +0000"));
    CHECK_FALSE(has(parts[2], "Remote-MTA"));
    CHECK_FALSE(has(parts[2], "Original-Recipient"));
}

TEST_CASE("each kind has its action", "[mail][dsn]") {
    for (const auto& [kind, action] :
         {std::pair(report_kind::failed, "failed"), std::pair(report_kind::delayed, "delayed"),
          std::pair(report_kind::delivered, "delivered"), std::pair(report_kind::relayed, "relayed"),
          std::pair(report_kind::expanded, "expanded")}) {
        report about = bounce();
        about.kind = kind;
        const bool is_good_news = kind != report_kind::failed && kind != report_kind::delayed;
        if (is_good_news) about.recipients[0].last = status::success("2.1.5", "delivered");
        if (kind == report_kind::delayed) about.recipients[0].last = status::transient("4.2.0", "later");
        const std::string content = made(about);
        CHECK(has(content, std::string("\r\nAction: ") + action + "\r\n"));
        CHECK(has(content, "\r\nWill-Retry-Until:") == (kind == report_kind::delayed));
        check_lines(content);
    }
}

TEST_CASE("each recipient has a block of his own", "[mail][dsn]") {
    report about = bounce();
    about.recipients.push_back({box("carol@other.example"), "", status::permanent("5.4.4", "no host"), ""});
    const auto parts = parts_of(made(about));
    const header_section first = parse_header(body_of(parts[2]));
    const header_section second = parse_header(first.body);
    const header_section third = parse_header(second.body);
    CHECK(first.fields.size() == 3);
    CHECK(second.fields.size() == 7);
    CHECK(third.fields.size() == 5);
    CHECK(has(parts[2], "\r\n\r\nFinal-Recipient: rfc822; carol@other.example\r\n"));
}

TEST_CASE("the whole message comes back as message/rfc822, byte for byte", "[mail][dsn]") {
    report about = bounce();
    about.whole_message = true;
    about.returned = "Subject: hello\r\n\r\nbody\r\n\r\n.\r\n";
    const auto parts = parts_of(made(about));
    CHECK(has(parts[1], "The message is attached."));
    CHECK(parts[3] == "Content-Type: message/rfc822\r\n\r\n" + std::string(about.returned));
}

TEST_CASE("without anything to return there are two parts", "[mail][dsn]") {
    report about = bounce();
    about.returned = {};
    const auto parts = parts_of(made(about));
    CHECK(parts.size() == 3);
    CHECK_FALSE(has(parts[1], "attached"));
}

TEST_CASE("audit 24: a report is 7-bit: an 8-bit header section goes back in quoted-printable", "[mail][dsn]") {
    report about = bounce();
    about.returned = "Subject: gr\xc3\xbc\xc3\x9f\nX: y = z \n\tend\r";
    const std::string content = made(about);
    check_lines(content);
    const auto parts = parts_of(content);
    CHECK_FALSE(has(parts[0], "8bit"));
    CHECK(has(parts[1], "The header section of the message is attached."));
    CHECK(parts[3] ==
          "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSubject: "
          "gr=C3=BC=C3=9F\r\nX: y =3D z=20\r\n\tend\r\n");
}

TEST_CASE("audit 24: of an 8-bit message only the header section goes back", "[mail][dsn]") {
    report about = bounce();
    about.whole_message = true;
    SECTION("8-bit in the body") {
        about.returned = "Subject: hello\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n";
        const std::string content = made(about);
        check_lines(content);
        const auto parts = parts_of(content);
        CHECK(has(parts[1], "The header section of the message is attached."));
        CHECK(parts[3] == "Content-Type: text/rfc822-headers\r\n\r\nSubject: hello\r\n");
    }
    SECTION("8-bit in the header section") {
        about.returned = "Subject: gr\xc3\xbc\xc3\x9f\r\n\r\nhello\r\n";
        const auto parts = parts_of(made(about));
        CHECK(parts[3] ==
              "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSubject: "
              "gr=C3=BC=C3=9F\r\n");
    }
    SECTION("a line that is too long for SMTP") {
        const std::string text = "Subject: hello\r\n\r\n" + std::string(999, 'x') + "\r\n";
        about.returned = text;
        const std::string content = made(about);
        check_lines(content);
        CHECK(parts_of(content)[3] == "Content-Type: text/rfc822-headers\r\n\r\nSubject: hello\r\n");
    }
}

TEST_CASE("a message with a form feed or an escape in it goes back whole", "[mail][dsn]") {
    report about = bounce();
    about.whole_message = true;
    about.returned = "Subject: hello\r\n\r\npage1\x0cpage2 \x1b[1m\r\n";
    CHECK(parts_of(made(about))[3] == "Content-Type: message/rfc822\r\n\r\n" + std::string(about.returned));
}

TEST_CASE("audit 24: whatever is returned, a report is 7-bit with lines of at most 998 octets", "[mail][dsn]") {
    std::mt19937 random(24);
    for (int round = 0; round < 2000; ++round) {
        report about = bounce();
        about.whole_message = random() % 2 == 0;
        std::string returned = "Subject: x\r\n";
        for (auto lines = random() % 6; lines > 0; --lines) {
            std::string line(random() % 3 == 0 ? random() % 3000 : random() % 90, 'x');
            if (random() % 2 == 0)
                for (char& c : line) c = static_cast<char>(random());
            returned += line + (random() % 4 == 0 ? "\n" : "\r\n");
            if (random() % 4 == 0) returned += "\r\n";
        }
        about.returned = returned;
        const std::string content = made(about);
        check_lines(content, true);
        REQUIRE(parts_of(content).size() == 4);
    }
}

TEST_CASE("audit 37: a recipient that came out of an expansion says out of which", "[mail][dsn]") {
    report about = bounce();
    about.recipients[0].expanded_from = "staff@example.org";
    const std::string content = made(about);
    check_lines(content);
    CHECK(has(content, "\r\n  <bob@remote.example> (expanded from <staff@example.org>):\r\n    550 5.1.1"));
    about.recipients[0].expanded_from = std::string(3000, 'x') + "\r\nX-Evil: yes";
    check_lines(made(about));
}

TEST_CASE("audit 39: what a delivery on this host says is no SMTP reply", "[mail][dsn]") {
    report about = bounce();
    about.recipients[0].is_local = true;
    CHECK(has(made(about), "\r\nDiagnostic-Code: smtp; 550 5.1.1 no such mailbox\r\n"));  // said by a host
    about.recipients[0].remote_host.clear();
    CHECK(has(made(about), "\r\nDiagnostic-Code: x-unix; 550 5.1.1 no such mailbox\r\n"));
}

TEST_CASE("the boundary does not occur in what is returned, even if its writer guessed it", "[mail][dsn]") {
    report about = bounce();
    about.message_id = "waypost@x";  // overlaps with itself in the boundary
    std::string hostile = "X: y\r\n";
    for (int round = 0; round < 5; ++round) {
        about.returned = hostile;
        const std::string content = made(about);
        const auto parts = parts_of(content);
        REQUIRE(parts.size() == 4);
        CHECK(has(parts[3], hostile));
        const std::size_t at = content.find("boundary=\"") + 10;
        const std::string boundary = content.substr(at, content.find('"', at) - at);
        CHECK_FALSE(has(hostile, boundary));
        hostile += "--" + boundary + "--\r\n--" + boundary + "\r\n";
    }
    // Many guesses are no more work than few.
    const std::string stem = hostile.substr(hostile.find("--waypost") + 2, std::string("waypost-waypost.x-").size());
    for (int i = 0; i < 100'000; ++i) hostile += stem + "zzzzzzzz\r\n";
    about.returned = hostile;
    CHECK(parts_of(made(about)).size() == 4);
}

// Hostile input, class 45: CVE-2020-8794 began with a server's words in a bounce.
TEST_CASE("no part breaks out of its field, whatever a server said", "[mail][dsn]") {
    report about = bounce();
    about.recipients[0].last = status::permanent("5.0.0", "no\r\nX-Evil: yes\r\n\r\n--boundary\r\n\x1b]0;title\x07");
    about.recipients[0].remote_host = "mx\r\nX-Evil: yes";
    about.recipients[0].original = "rfc822;a+0D+0AX-Evil: yes";
    about.envelope_id = "id\r\nX-Evil: yes";
    const std::string content = made(about);
    check_lines(content);
    CHECK_FALSE(has(content, "\nX-Evil"));
    CHECK_FALSE(has(content, "Original-Recipient"));

    std::mt19937 random(13);
    for (int round = 0; round < 2000; ++round) {
        std::string noise[5];
        for (std::string& text : noise) {
            text.resize(random() % 4 == 0 ? random() % 3000 : random() % 20);
            for (char& c : text) c = static_cast<char>(random());
        }
        about = bounce();
        about.recipients[0].last = status(550, {}, noise[0]);
        about.recipients[0].remote_host = noise[1];
        about.recipients[0].original = "rfc822;" + noise[2];
        about.envelope_id = noise[3];
        check_lines(made(about));
        about.message_id = noise[4];  // never anybody else's
        check_lines(format_dsn(about));
    }
}

TEST_CASE("a long diagnosis is folded at blanks and a word without end is cut", "[mail][dsn]") {
    report about = bounce();
    std::string words;
    for (int i = 0; i < 40; ++i) words += "https://help.example/why ";
    about.recipients[0].last = status::permanent("5.7.26", words);
    std::string content = made(about);
    check_lines(content);
    std::string unfolded;
    const auto parts = parts_of(content);
    for (const header_field& field : parse_header(parse_header(body_of(parts[2])).body).fields) {
        if (field.name == "Diagnostic-Code") unfolded = field.value;
    }
    std::erase_if(unfolded, [](char c) { return c == '\r' || c == '\n'; });
    CHECK(unfolded == " smtp; 550 5.7.26 " + words.substr(0, words.size() - 1));

    about.recipients[0].last = status::permanent("5.7.26", std::string(5000, 'x'));
    check_lines(made(about));
    const std::string longest = std::string(249, 'b') + "@c.de";
    about.recipients[0].address = box(longest);
    about.recipient = reverse_path(box(longest));
    content = made(about);
    check_lines(content);
    CHECK(has(content, "\r\nFinal-Recipient: rfc822; " + longest + "\r\n"));
}
