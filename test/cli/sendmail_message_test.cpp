#include "sendmail_message.hpp"

#include <sysexits.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "waypost/base/encoding.hpp"
#include "waypost/mail/header.hpp"
#include "waypost/mail/header_pass.hpp"

using namespace waypost;
using namespace std::string_literals;
using cli::caller;
using cli::draft;
using cli::make_draft;
using cli::sendmail_options;
using cli::submission;
using strings = std::vector<std::string>;

namespace {

sendmail_options options_of(const strings& arguments) {
    return std::get<sendmail_options>(cli::parse_sendmail_options(arguments));
}

caller ada() { return {.user = "ada", .full_name = "Ada Lovelace"}; }

submission completed(draft message) {
    return complete(std::move(message), mail::domain::parse("mx.example.org").value());
}

submission made(const strings& arguments, std::string_view message, const caller& user = ada()) {
    auto result = make_draft(options_of(arguments), message, user);
    if (const auto* wrong = std::get_if<cli::sendmail_fault>(&result)) FAIL(wrong->text);
    return completed(std::get<draft>(std::move(result)));
}

cli::sendmail_fault fault_of(const strings& arguments, std::string_view message) {
    const auto result = make_draft(options_of(arguments), message, ada());
    if (const auto* wrong = std::get_if<cli::sendmail_fault>(&result)) return *wrong;
    return {0, "not refused"};
}

std::string refusal(const strings& arguments, std::string_view message) { return fault_of(arguments, message).text; }

strings recipients(const submission& of) {
    strings all;
    for (const mail::recipient& each : of.recipients) all.push_back(each.address.text());
    return all;
}

strings field_names(const std::string& content) {
    strings names;
    for (const auto& field : mail::parse_header(content).fields) names.emplace_back(field.name);
    return names;
}

std::string field(const std::string& content, std::string_view name) {
    for (const auto& each : mail::parse_header(content).fields) {
        if (each.name == name) return std::string(each.value);
    }
    return "(none)";
}

std::string body(const std::string& content) { return std::string(mail::parse_header(content).body); }

bool has_only_crlf(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
    }
    return true;
}

std::string random_bytes(std::mt19937& random, std::string_view rich_in) {
    std::string bytes(random() % 24, '\0');
    for (char& c : bytes) {
        c = random() % 2 == 0 ? rich_in[random() % rich_in.size()] : static_cast<char>(random() % 256);
    }
    return bytes;
}

const std::string complete_header = "From: x@example.org\nDate: today\nMessage-ID: <1@x>\n";

}  // namespace

TEST_CASE("a message without From gets one with the caller's full name, and the rest is the daemon's to add",
          "[cli][sendmail_message]") {
    const auto got = made({"bob@example.net"}, "Subject: x\n\nbody\n");
    CHECK(field_names(got.content) == strings{"From", "Subject"});
    CHECK(field(got.content, "From") == " \"Ada Lovelace\" <ada@mx.example.org>");
    CHECK(body(got.content) == "body\r\n");
    CHECK(got.sender.address.text() == "ada@mx.example.org");
    CHECK(recipients(got) == strings{"bob@example.net"});
}

TEST_CASE("a message keeps the fields that it has, however they are written", "[cli][sendmail_message]") {
    const auto got = made({"bob@example.net"}, "FROM: a@example.org\ndate: x\nmessage-id : <y>\nTo: someone\n\nbody\n");
    CHECK(got.content == "FROM: a@example.org\r\ndate: x\r\nmessage-id : <y>\r\nTo: someone\r\n\r\nbody\r\n");
}

TEST_CASE("a message may be without header, without body, or nothing at all", "[cli][sendmail_message]") {
    CHECK(body(made({"bob"}, "just text\nmore\n").content) == "just text\r\nmore\r\n");
    CHECK(body(made({"bob"}, "\njust text\n").content) == "just text\r\n");
    CHECK(made({"bob"}, complete_header).content == "From: x@example.org\r\nDate: today\r\nMessage-ID: <1@x>\r\n\r\n");
    CHECK(made({"bob"}, "Subject: no end").content.ends_with("Subject: no end\r\n\r\n"));
    CHECK(field_names(made({"bob"}, "").content) == strings{"From"});
}

TEST_CASE("the mbox line of a message that comes from a mailbox is not mail", "[cli][sendmail_message]") {
    const auto got = made({"bob"}, "From ada Sun Nov 22 19:27:00 2026\n" + complete_header + "\nbody\n");
    CHECK(got.content == "From: x@example.org\r\nDate: today\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n");
}

TEST_CASE("line ends may be LF or CRLF", "[cli][sendmail_message]") {
    const std::string with_lf = complete_header + "To: a@example.org,\n b@example.org\n\nbody\n\nmore\n";
    std::string with_crlf;
    for (const char c : with_lf) with_crlf += c == '\n' ? "\r\n"s : std::string(1, c);
    const auto lf = made({"-t"}, with_lf);
    const auto crlf = made({"-t"}, with_crlf);
    CHECK(lf.content == with_crlf);
    CHECK(crlf.content == with_crlf);
    CHECK(recipients(lf) == recipients(crlf));
}

TEST_CASE("content has CRLF line ends and no other CR or LF, whatever it was made from", "[cli][sendmail_message]") {
    std::mt19937 random(3);
    const strings arguments = {"-i", "bob@example.net"};
    for (int round = 0; round < 5000; ++round) {
        std::string message(random() % 40, '\0');
        for (char& c : message) c = "\r\n\r\nab: .\t"[random() % 10];
        const auto got = made(arguments, message);
        CAPTURE(message);
        REQUIRE(has_only_crlf(got.content));
        REQUIRE(got.content.ends_with("\r\n"));
        REQUIRE(got.content.find("\r\n\r\n") != std::string::npos);
    }
}

TEST_CASE("a line of one dot ends the message, unless -i says otherwise", "[cli][sendmail_message]") {
    const std::string message = complete_header + "\nline\n.\nbehind\n";
    CHECK(body(made({"bob"}, message).content) == "line\r\n");
    CHECK(body(made({"-i", "bob"}, message).content) == "line\r\n.\r\nbehind\r\n");
    CHECK(body(made({"-oi", "bob"}, message).content) == "line\r\n.\r\nbehind\r\n");
    CHECK(body(made({"bob"}, complete_header + "\nline\r\n.\r\nbehind\r\n").content) == "line\r\n");
    CHECK(body(made({"bob"}, complete_header + "\nline\n.").content) == "line\r\n");
    CHECK(body(made({"bob"}, complete_header + "\n..\n. \n.x\n").content) == "..\r\n. \r\n.x\r\n");
    CHECK(field_names(made({"bob"}, ".\nSubject: x\n").content) == strings{"From"});
}

TEST_CASE("content with octets over 127 says so", "[cli][sendmail_message]") {
    CHECK(made({"bob"}, complete_header + "\nm\xc3\xa4il\n").sender.eight_bit);
    CHECK_FALSE(made({"bob"}, complete_header + "\nmail\n").sender.eight_bit);
}

TEST_CASE("a full name with octets over 127 is encoded, so that the message stays one of seven bits",
          "[cli][sendmail_message]") {
    caller who = ada();
    who.full_name = "\xc3\x85sa";
    const auto got = made({"bob"}, "\nmail\n", who);
    CHECK_FALSE(got.sender.eight_bit);
    CHECK(field(got.content, "From") == " =?UTF-8?B?w4VzYQ==?= <ada@mx.example.org>");
    who.full_name.clear();
    for (int i = 0; i < 40; ++i) who.full_name += "\xe2\x82\xac";
    const std::string folded = field(made({"bob"}, "\n", who).content, "From");
    std::string decoded;
    for (std::size_t word = folded.find("=?UTF-8?B?"); word != std::string::npos;
         word = folded.find("=?UTF-8?B?", word + 1)) {
        const std::size_t end = folded.find("?=", word + 10);
        CHECK(end + 2 - word <= 75);
        const auto part = base::base64_decode(std::string_view(folded).substr(word + 10, end - word - 10));
        REQUIRE(part);
        CHECK(part->size() % 3 == 0);  // no character is cut in two
        decoded += *part;
    }
    CHECK(decoded == who.full_name);
}

TEST_CASE("audit 28: what sendmail makes and the daemon completes has each field once, no Bcc and the same body",
          "[cli][sendmail_message]") {
    std::mt19937 random(28);
    const strings lines{
        "Bcc: secret\n", "bcc : secret,\n\tsecret\n", "Subject: x\n", " folded\n",  "From: a@example.org\n",
        "Date: d\n",     "Message-ID: m\n",           "X: y\n",       "no field\n", "From ada Sun Nov 22\n"};
    for (int round = 0; round < 5000; ++round) {
        std::string message;
        for (auto count = random() % 6; count > 0; --count) {
            const std::string& line = lines[random() % lines.size()];
            const bool is_there = message.find(line.substr(0, 5)) != std::string::npos;
            if (!is_there) message += line;
        }
        message += "\nthe body\n";
        const auto sent = made({"bob"}, message);
        mail::header_pass daemon(
            {.from_field = "From: d\r\n", .date = "Date: d\r\n", .message_id = "Message-ID: m\r\n"});
        std::string kept;
        daemon.feed(sent.content, kept);
        daemon.end(kept);
        CAPTURE(message, kept);
        const strings names = field_names(kept);
        for (const char* name : {"From", "Date", "Message-ID"}) REQUIRE(std::ranges::count(names, name) == 1);
        REQUIRE(std::ranges::count(names, "Bcc") + std::ranges::count(names, "bcc") == 0);
        REQUIRE(kept.ends_with("the body\r\n"));
        REQUIRE(kept.front() != ' ');
    }
}

TEST_CASE("a NUL byte is refused", "[cli][sendmail_message]") {
    CHECK_THAT(refusal({"bob"}, complete_header + "\nnul\0byte\n"s), Catch::Contains("NUL"));
    CHECK_THAT(refusal({"bob"}, "Subject: nul\0byte\n\n"s), Catch::Contains("NUL"));
}

// --- the envelope

TEST_CASE("audit 27: every argument is an address list, and so is the sender", "[cli][sendmail_message]") {
    const auto to = [](const strings& arguments) { return recipients(made(arguments, complete_header)); };
    CHECK(to({"root,bob"}) == strings{"root@mx.example.org", "bob@mx.example.org"});
    CHECK(to({"bob, alice"}) == strings{"bob@mx.example.org", "alice@mx.example.org"});
    CHECK(to({"Al <alice@example.net>", "<bob>"}) == strings{"alice@example.net", "bob@mx.example.org"});
    CHECK(to({"\"Last, First\" <a@example.net>,", "x: b@example.net;"}) == strings{"a@example.net", "b@example.net"});
    for (const char* sender : {"a@b.example", "<a@b.example>", " A B <a@b.example> ", "a@b.example (A B)"}) {
        CHECK(made({"-f", sender, "bob"}, complete_header).sender.address.text() == "a@b.example");
    }
    CHECK(made({"-f", " <> ", "bob"}, complete_header).sender.address.is_null());
    CHECK(fault_of({"-f", "a, b", "bob"}, complete_header).exit_code == EX_USAGE);
    CHECK(fault_of({"-f", ",", "bob"}, complete_header).exit_code == EX_USAGE);
}

TEST_CASE("audit 27: the exit code says whether the arguments or the message are at fault", "[cli][sendmail_message]") {
    CHECK(fault_of({"a@@b"}, complete_header).exit_code == EX_USAGE);
    CHECK(fault_of({}, complete_header).exit_code == EX_USAGE);
    CHECK(fault_of({"bob"}, "nul\0byte\n"s).exit_code == EX_DATAERR);
    CHECK(fault_of({"-t"}, "To: a@@b\n").exit_code == EX_DATAERR);
}

TEST_CASE("a host name that only the daemon knows completes every address", "[cli][sendmail_message]") {
    const auto result = make_draft(options_of({"root"}), "Subject: x\n", ada());
    const auto elsewhere = complete(std::get<draft>(result), mail::domain::parse("other.example").value());
    CHECK(recipients(elsewhere) == strings{"root@other.example"});
    CHECK(elsewhere.sender.address.text() == "ada@other.example");
    CHECK(field(elsewhere.content, "From") == " \"Ada Lovelace\" <ada@other.example>");
}

TEST_CASE("names without a domain are of this host", "[cli][sendmail_message]") {
    const auto got = made({"-f", "daemon", "root", "bob@example.net"}, complete_header);
    CHECK(got.sender.address.text() == "daemon@mx.example.org");
    CHECK(recipients(got) == strings{"root@mx.example.org", "bob@example.net"});
}

TEST_CASE("a recipient is added once", "[cli][sendmail_message]") {
    const auto got = made({"-t", "bob@example.net", "bob@EXAMPLE.net", "root"},
                          complete_header + "To: bob@example.net, root\nCc: root@mx.example.org\n");
    CHECK(recipients(got) == strings{"bob@example.net", "root@mx.example.org"});
}

TEST_CASE("the null reverse-path can be asked for", "[cli][sendmail_message]") {
    const auto got = made({"-f", "<>", "bob"}, "Subject: x\n");
    CHECK(got.sender.address.is_null());
    CHECK(field(got.content, "From") == " \"Ada Lovelace\" <ada@mx.example.org>");
}

TEST_CASE("the sender that was asked for stands in the From field that is made", "[cli][sendmail_message]") {
    CHECK(field(made({"-f", "b@example.org", "-F", "Bob", "bob"}, "\n").content, "From") == " \"Bob\" <b@example.org>");
    caller nameless = ada();
    nameless.full_name.clear();
    CHECK(field(made({"bob"}, "\n", nameless).content, "From") == "(none)");
    CHECK(field(made({"-f", "<>", "bob"}, "\n", nameless).content, "From") == " <ada@mx.example.org>");
}

TEST_CASE("what is asked of reports goes with the message", "[cli][sendmail_message]") {
    const auto got = made({"-N", "success,delay", "-R", "hdrs", "-V", "id 1", "bob", "eve"}, complete_header);
    REQUIRE(got.recipients.size() == 2);
    for (const auto& each : got.recipients) {
        CHECK(each.notify ==
              mail::dsn_notify{.specified = true, .never = false, .success = true, .failure = false, .delay = true});
    }
    CHECK(got.sender.ret == mail::dsn_return::headers);
    CHECK(got.sender.envelope_id == "id 1");
    CHECK(made({"-R", "FULL", "bob"}, complete_header).sender.ret == mail::dsn_return::full);
    CHECK(made({"bob"}, complete_header).sender.ret == mail::dsn_return::unspecified);
    CHECK_FALSE(made({"bob"}, complete_header).recipients.front().notify.specified);
    CHECK(made({"-N", "never", "-t"}, complete_header + "To: bob\n").recipients.front().notify.never);
    CHECK_THAT(refusal({"-N", "sometimes", "bob"}, complete_header), Catch::Contains("-N"));
}

// --- -t

TEST_CASE("with -t the recipients are those of To, Cc and Bcc, folded or not", "[cli][sendmail_message]") {
    const auto got = made({"-t"}, complete_header +
                                      "To: a@example.org\nbcc: secret@example.org,\n\thidden@example.org,\r\n"
                                      "  quiet@example.org\nCC: c@example.org\nSubject: x\n\nbody\n");
    CHECK(recipients(got) ==
          strings{"a@example.org", "secret@example.org", "hidden@example.org", "quiet@example.org", "c@example.org"});
    CHECK(body(got.content) == "body\r\n");
}

TEST_CASE("audit 27: with -t a message that is resent goes to those of the newest resending alone",
          "[cli][sendmail_message]") {
    const std::string old = "To: a@example.org\nBcc: b@example.org\nSubject: x\n\nbody\n";
    CHECK(recipients(made({"-t"}, "Resent-To: c@example.org\nResent-bcc: d@example.org\n" + complete_header + old)) ==
          strings{"c@example.org", "d@example.org"});
    const std::string twice = "Resent-From: x@example.org\nResent-To: e@example.org\nResent-Cc: f@example.org\n";
    const std::string once = "Resent-From: y@example.org\nResent-To: c@example.org\nResent-Bcc: d@example.org\n";
    CHECK(recipients(made({"-t"}, twice + once + old)) == strings{"e@example.org", "f@example.org"});
    CHECK(recipients(made({"-t"}, twice + "Received: x\n" + once + old)) == strings{"e@example.org", "f@example.org"});
    CHECK(recipients(made({"-t"}, complete_header + twice + old)) == strings{"e@example.org", "f@example.org"});
    CHECK(recipients(made({"-t"}, "Resent-From: x@example.org\n" + once + old)) ==
          strings{"c@example.org", "d@example.org"});
    CHECK(recipients(made({"-t"}, "Resent-From: x@example.org\n" + old)) == strings{"a@example.org", "b@example.org"});
}

TEST_CASE("with -t every way to write an address is understood", "[cli][sendmail_message]") {
    const auto got = made({"-t"}, complete_header +
                                      "To: Ada <a@example.org>, \"Last, First\" <b@example.org>,\n"
                                      " friends: c@example.org, D (a (nested) comment) <d@example.org>;, root\n"
                                      "Cc: undisclosed-recipients:;\n\n");
    CHECK(recipients(got) ==
          strings{"a@example.org", "b@example.org", "c@example.org", "d@example.org", "root@mx.example.org"});
    CHECK(field(got.content, "Cc") == " undisclosed-recipients:;");
}

TEST_CASE("with -t what looks like a field in the body names nobody", "[cli][sendmail_message]") {
    CHECK(recipients(made({"-t"}, complete_header + "To: a@example.org\n\nTo: b@example.org\nBcc: c@example.org\n")) ==
          strings{"a@example.org"});
}

TEST_CASE("without -t the header names nobody", "[cli][sendmail_message]") {
    CHECK(recipients(made({"bob"}, complete_header + "To: a@example.org\n")) == strings{"bob@mx.example.org"});
    CHECK(refusal({}, complete_header + "To: a@example.org\n") == "no recipients");
}

TEST_CASE("with -t a message to nobody is refused", "[cli][sendmail_message]") {
    CHECK(refusal({"-t"}, complete_header) == "no recipients");
    CHECK(refusal({"-t"}, complete_header + "To: undisclosed-recipients:;\n") == "no recipients");
}

TEST_CASE("with -t an address that is none refuses the message", "[cli][sendmail_message]") {
    CHECK_THAT(refusal({"-t"}, complete_header + "To: a@example.org, b@@example.org\n"),
               Catch::Contains("b@@example.org"));
    CHECK_THAT(refusal({"-t"}, complete_header + "Bcc: <unclosed@example.org\n"), Catch::Contains("unclosed"));
}

// --- hostile values

TEST_CASE("an address that is none is refused and shown escaped", "[cli][sendmail_message]") {
    const strings hostile = {"a@example.org\nBcc: victim@example.net",
                             "a@example.org\r\n\r\nbody",
                             "a b@example.org",
                             "a@exam ple.org",
                             "@example.org",
                             "a@",
                             "\"unclosed@example.org",
                             "a@example.org>",
                             "<a@example.org",
                             "a\0@example.org"s,
                             "m\xc3\xa4il@example.org"};
    for (const std::string& each : hostile) {
        CAPTURE(each);
        const std::string as_recipient = refusal({"--", each}, complete_header);
        CHECK_THAT(as_recipient, Catch::StartsWith("a recipient address is not valid"));
        CHECK(std::ranges::all_of(as_recipient, [](char c) { return c >= ' ' && c < 0x7f; }));
        CHECK_THAT(refusal({"-f", each, "bob"}, complete_header), Catch::StartsWith("the sender address is not valid"));
    }
}

TEST_CASE("no name of whoever sends can add a line to the header", "[cli][sendmail_message]") {
    std::mt19937 random(4);
    const std::string rich = "\r\n\"\\<>@:;, ()\t.a\0"s;
    for (int round = 0; round < 20000; ++round) {
        const std::string name = random_bytes(random, rich);
        if (name.empty()) continue;  // the daemon's to add
        if (name.find('\0') != std::string::npos && round % 2 == 0) continue;
        sendmail_options options;
        options.recipients = {"bob@example.net"};
        caller who = ada();
        (round % 2 == 0 ? options.full_name : who.full_name) = name;
        const auto result = make_draft(options, "Subject: x\n\nbody\n", who);
        REQUIRE(std::holds_alternative<draft>(result));
        const std::string content = completed(std::get<draft>(result)).content;
        CAPTURE(name, content);
        REQUIRE(has_only_crlf(content));
        REQUIRE(field_names(content) == strings{"From", "Subject"});
        REQUIRE(body(content) == "body\r\n");
        const auto from = mail::parse_address_list(field(content, "From"));
        REQUIRE(from.addresses == strings{"ada@mx.example.org"});
        REQUIRE(from.bad.empty());
    }
}

TEST_CASE("no sender address can add a line to the header", "[cli][sendmail_message]") {
    std::mt19937 random(5);
    const std::string rich = "\r\n\"\\<>@:;, ()\t.aaa"s;
    int accepted = 0;
    for (int round = 0; round < 50000; ++round) {
        sendmail_options options;
        options.recipients = {"bob@example.net"};
        const std::string local = random_bytes(random, rich);
        options.sender = (round % 3 == 0 ? "\"" + local + "\"" : local) + (round % 2 == 0 ? "@example.org" : "");
        if (options.sender.empty()) continue;
        const auto result = make_draft(options, "Subject: x\n\nbody\n", ada());
        if (!std::holds_alternative<draft>(result)) continue;
        if (!std::get<draft>(result).from) continue;  // the null reverse-path
        ++accepted;
        const std::string content = completed(std::get<draft>(result)).content;
        CAPTURE(options.sender, content);
        REQUIRE(has_only_crlf(content));
        REQUIRE(field_names(content) == strings{"From", "Subject"});
        const auto from = mail::parse_address_list(field(content, "From"));
        REQUIRE(from.addresses == strings{completed(std::get<draft>(result)).sender.address.text()});
    }
    CHECK(accepted > 1000);
}

TEST_CASE("a user whose name is no local-part still cannot add a line to the header", "[cli][sendmail_message]") {
    caller who = ada();
    who.user = GENERATE("ada\nBcc: victim@example.net", "ada lovelace", "ada>\r\n\r\nbody");
    const auto result = make_draft(options_of({"-f", "<>", "bob"}), "Subject: x\n\nbody\n", who);
    if (const auto* got = std::get_if<draft>(&result)) {
        const submission sent = completed(*got);
        CHECK(field_names(sent.content) == strings{"Subject"});  // the daemon knows a From field for it
    }
}
