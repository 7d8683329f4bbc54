#include "sendmail_options.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "waypost/mail/header.hpp"

using namespace waypost;
using namespace std::string_literals;
using cli::identity;
using cli::make_submission;
using cli::parse_sendmail_options;
using cli::sendmail_options;
using daemon::submission;
using strings = std::vector<std::string>;

namespace {

sendmail_options options_of(const strings& arguments) {
    const auto parsed = parse_sendmail_options(arguments);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) FAIL(*wrong);
    return std::get<sendmail_options>(parsed);
}

std::string fault_of(const strings& arguments) {
    const auto parsed = parse_sendmail_options(arguments);
    return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed) : "no fault";
}

identity ada() {
    return {.user = "ada",
            .full_name = "Ada Lovelace",
            .host = mail::domain::parse("mx.example.org").value(),
            .now = std::chrono::system_clock::time_point(std::chrono::seconds(1'795'375'620)),
            .unique = "0123abcd"};
}

submission made(const strings& arguments, std::string_view message, const identity& who = ada()) {
    const auto result = make_submission(options_of(arguments), message, who);
    if (const auto* wrong = std::get_if<std::string>(&result)) FAIL(*wrong);
    return std::get<submission>(result);
}

std::string refusal(const strings& arguments, std::string_view message, const identity& who = ada()) {
    const auto result = make_submission(options_of(arguments), message, who);
    return std::holds_alternative<std::string>(result) ? std::get<std::string>(result) : "not refused";
}

strings recipients(const submission& of) {
    strings all;
    for (const mail::recipient& each : of.to) all.push_back(each.to.text());
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

const std::string complete = "From: x@example.org\nDate: today\nMessage-ID: <1@x>\n";

}  // namespace

// --- options

TEST_CASE("words that are no options are recipients", "[cli][sendmail_options]") {
    CHECK(options_of({"a@example.org", "root"}).recipients == strings{"a@example.org", "root"});
    CHECK(options_of({}).recipients.empty());
    CHECK(options_of({"-i", "a@example.org", "-t", "b@example.org"}).recipients ==
          strings{"a@example.org", "b@example.org"});
}

TEST_CASE("behind -- everything is a recipient", "[cli][sendmail_options]") {
    const auto options = options_of({"-i", "--", "-t", "--", "a@example.org"});
    CHECK(options.recipients == strings{"-t", "--", "a@example.org"});
    CHECK_FALSE(options.recipients_from_header);
}

TEST_CASE("options with a value take it from the same word or from the next", "[cli][sendmail_options]") {
    CHECK(options_of({"-f", "a@example.org"}).from == "a@example.org");
    CHECK(options_of({"-fa@example.org"}).from == "a@example.org");
    CHECK(options_of({"-r", "a@example.org"}).from == "a@example.org");
    CHECK(options_of({"-F", "Ada Lovelace"}).full_name == "Ada Lovelace");
    CHECK(options_of({"-FAda"}).full_name == "Ada");
    CHECK(options_of({"-N", "never"}).notify == "never");
    CHECK(options_of({"-R", "full"}).ret == "full");
    CHECK(options_of({"-V", "id"}).envelope_id == "id");
    CHECK(options_of({"-f", "-t"}).from == "-t");
}

TEST_CASE("an empty sender is the null reverse-path", "[cli][sendmail_options]") {
    CHECK(options_of({"-f", ""}).from == "<>");
    CHECK(options_of({"-f", "<>"}).from == "<>");
    CHECK(options_of({"-f<>"}).from == "<>");
}

TEST_CASE("options without a value", "[cli][sendmail_options]") {
    CHECK(options_of({"-t"}).recipients_from_header);
    CHECK(options_of({"-i"}).dot_is_text);
    CHECK(options_of({"-oi"}).dot_is_text);
    CHECK_FALSE(options_of({}).dot_is_text);
    CHECK(options_of({"-bm"}).recipients.empty());
}

TEST_CASE("it is newaliases too, by either option", "[cli][sendmail_options]") {
    CHECK(options_of({"-bi"}).only_aliases);
    CHECK(options_of({"-I"}).only_aliases);
    CHECK_FALSE(options_of({"-i", "-bm"}).only_aliases);
}

TEST_CASE("options without a value may stand together in one word", "[cli][sendmail_options]") {
    // As PHP, cron and many scripts write them.
    const auto options = options_of({"-ti"});
    CHECK(options.recipients_from_header);
    CHECK(options.dot_is_text);
    const auto with_sender = options_of({"-itf", "a@example.org"});
    CHECK(with_sender.recipients_from_header);
    CHECK(with_sender.from == "a@example.org");
}

TEST_CASE("what other sendmails know is passed over, with its value", "[cli][sendmail_options]") {
    const strings passed_over = GENERATE(
        strings{"-oem"}, strings{"-o", "em"}, strings{"-odb"}, strings{"-B8BITMIME"}, strings{"-B", "8BITMIME"},
        strings{"-C", "/etc/mail/sendmail.cf"}, strings{"-h", "10"}, strings{"-L", "tag"},
        strings{"-O", "DeliveryMode=b"}, strings{"-X", "log"}, strings{"-p", "ESMTP:host"}, strings{"-em"},
        strings{"-m"}, strings{"-n"}, strings{"-v"}, strings{"-U"}, strings{"-G"}, strings{"-s"});
    strings arguments = passed_over;
    arguments.emplace_back("a@example.org");
    CHECK(options_of(arguments).recipients == strings{"a@example.org"});
}

TEST_CASE("what cannot be done is said", "[cli][sendmail_options]") {
    for (const char* option : {"-bs", "-bp", "-bd", "-bv", "-q", "-q15m"}) {
        CAPTURE(option);
        CHECK_THAT(fault_of({option}), Catch::Contains(option));
    }
    CHECK_THAT(fault_of({"-z"}), Catch::Contains("-z"));
    CHECK_THAT(fault_of({"--long"}), Catch::Contains("--long"));
    for (const char* option : {"-f", "-r", "-F", "-N", "-R", "-V", "-o", "-B", "-C"}) {
        CAPTURE(option);
        CHECK_THAT(fault_of({option}), Catch::Contains(option));
    }
}

TEST_CASE("a fault shows no raw bytes of its option", "[cli][sendmail_options]") {
    const std::string said = fault_of({"-z\x1b[31m\n"});
    CHECK(std::ranges::all_of(said, [](char c) { return c >= ' ' && c < 0x7f; }));
}

// --- the message

TEST_CASE("a message gets the fields that it lacks", "[cli][sendmail_options]") {
    const auto got = made({"bob@example.net"}, "Subject: x\n\nbody\n");
    CHECK(field_names(got.content) == strings{"From", "Date", "Message-ID", "Subject"});
    CHECK(field(got.content, "From") == " \"Ada Lovelace\" <ada@mx.example.org>");
    CHECK(field(got.content, "Date") == " Sun, 22 Nov 2026 19:27:00 +0000");
    CHECK(field(got.content, "Message-ID") == " <0123abcd@mx.example.org>");
    CHECK(body(got.content) == "body\r\n");
    CHECK(got.from.from.text() == "ada@mx.example.org");
    CHECK(recipients(got) == strings{"bob@example.net"});
}

TEST_CASE("a message keeps the fields that it has, however they are written", "[cli][sendmail_options]") {
    const auto got = made({"bob@example.net"}, "FROM: a@example.org\ndate: x\nmessage-id : <y>\nTo: someone\n\nbody\n");
    CHECK(got.content == "FROM: a@example.org\r\ndate: x\r\nmessage-id : <y>\r\nTo: someone\r\n\r\nbody\r\n");
}

TEST_CASE("a message may be without header, without body, or nothing at all", "[cli][sendmail_options]") {
    CHECK(body(made({"bob"}, "just text\nmore\n").content) == "just text\r\nmore\r\n");
    CHECK(body(made({"bob"}, "\njust text\n").content) == "just text\r\n");
    CHECK(made({"bob"}, complete).content == "From: x@example.org\r\nDate: today\r\nMessage-ID: <1@x>\r\n\r\n");
    CHECK(made({"bob"}, "Subject: no end").content.ends_with("Subject: no end\r\n\r\n"));
    CHECK(field_names(made({"bob"}, "").content) == strings{"From", "Date", "Message-ID"});
}

TEST_CASE("the mbox line of a message that comes from a mailbox is not mail", "[cli][sendmail_options]") {
    const auto got = made({"bob"}, "From ada Sun Nov 22 19:27:00 2026\n" + complete + "\nbody\n");
    CHECK(got.content == "From: x@example.org\r\nDate: today\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n");
}

TEST_CASE("line ends may be LF or CRLF", "[cli][sendmail_options]") {
    const std::string with_lf = complete + "To: a@example.org,\n b@example.org\n\nbody\n\nmore\n";
    std::string with_crlf;
    for (const char c : with_lf) with_crlf += c == '\n' ? "\r\n"s : std::string(1, c);
    const auto lf = made({"-t"}, with_lf);
    const auto crlf = made({"-t"}, with_crlf);
    CHECK(lf.content == with_crlf);
    CHECK(crlf.content == with_crlf);
    CHECK(recipients(lf) == recipients(crlf));
}

TEST_CASE("content has CRLF line ends and no other CR or LF, whatever it was made from", "[cli][sendmail_options]") {
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

TEST_CASE("a line of one dot ends the message, unless -i says otherwise", "[cli][sendmail_options]") {
    const std::string message = complete + "\nline\n.\nbehind\n";
    CHECK(body(made({"bob"}, message).content) == "line\r\n");
    CHECK(body(made({"-i", "bob"}, message).content) == "line\r\n.\r\nbehind\r\n");
    CHECK(body(made({"-oi", "bob"}, message).content) == "line\r\n.\r\nbehind\r\n");
    CHECK(body(made({"bob"}, complete + "\nline\r\n.\r\nbehind\r\n").content) == "line\r\n");
    CHECK(body(made({"bob"}, complete + "\nline\n.").content) == "line\r\n");
    CHECK(body(made({"bob"}, complete + "\n..\n. \n.x\n").content) == "..\r\n. \r\n.x\r\n");
    CHECK(field_names(made({"bob"}, ".\nSubject: x\n").content) == strings{"From", "Date", "Message-ID"});
}

TEST_CASE("content with octets over 127 says so", "[cli][sendmail_options]") {
    CHECK(made({"bob"}, complete + "\nm\xc3\xa4il\n").from.eight_bit);
    CHECK_FALSE(made({"bob"}, complete + "\nmail\n").from.eight_bit);
    identity who = ada();
    who.full_name = "\xc3\x85sa";
    CHECK(made({"bob"}, "\nmail\n", who).from.eight_bit);
}

TEST_CASE("a NUL byte is refused", "[cli][sendmail_options]") {
    CHECK_THAT(refusal({"bob"}, complete + "\nnul\0byte\n"s), Catch::Contains("NUL"));
    CHECK_THAT(refusal({"bob"}, "Subject: nul\0byte\n\n"s), Catch::Contains("NUL"));
}

// --- the envelope

TEST_CASE("names without a domain are of this host", "[cli][sendmail_options]") {
    const auto got = made({"-f", "daemon", "root", "bob@example.net"}, complete);
    CHECK(got.from.from.text() == "daemon@mx.example.org");
    CHECK(recipients(got) == strings{"root@mx.example.org", "bob@example.net"});
}

TEST_CASE("a recipient is added once", "[cli][sendmail_options]") {
    const auto got = made({"-t", "bob@example.net", "bob@EXAMPLE.net", "root"},
                          complete + "To: bob@example.net, root\nCc: root@mx.example.org\n");
    CHECK(recipients(got) == strings{"bob@example.net", "root@mx.example.org"});
}

TEST_CASE("the null reverse-path can be asked for", "[cli][sendmail_options]") {
    const auto got = made({"-f", "<>", "bob"}, "Subject: x\n");
    CHECK(got.from.from.is_null());
    CHECK(field(got.content, "From") == " \"Ada Lovelace\" <ada@mx.example.org>");
}

TEST_CASE("the sender that was asked for stands in the From field that is made", "[cli][sendmail_options]") {
    CHECK(field(made({"-f", "b@example.org", "-F", "Bob", "bob"}, "\n").content, "From") == " \"Bob\" <b@example.org>");
    identity nameless = ada();
    nameless.full_name.clear();
    CHECK(field(made({"bob"}, "\n", nameless).content, "From") == " <ada@mx.example.org>");
}

TEST_CASE("what is asked of reports goes with the message", "[cli][sendmail_options]") {
    const auto got = made({"-N", "success,delay", "-R", "hdrs", "-V", "id 1", "bob", "eve"}, complete);
    REQUIRE(got.to.size() == 2);
    for (const auto& each : got.to) {
        CHECK(each.notify ==
              mail::dsn_notify{.specified = true, .never = false, .success = true, .failure = false, .delay = true});
    }
    CHECK(got.from.ret == mail::dsn_return::headers);
    CHECK(got.from.envelope_id == "id 1");
    CHECK(made({"-R", "FULL", "bob"}, complete).from.ret == mail::dsn_return::full);
    CHECK(made({"bob"}, complete).from.ret == mail::dsn_return::unspecified);
    CHECK_FALSE(made({"bob"}, complete).to.front().notify.specified);
    CHECK(made({"-N", "never", "-t"}, complete + "To: bob\n").to.front().notify.never);
    CHECK_THAT(refusal({"-N", "sometimes", "bob"}, complete), Catch::Contains("-N"));
}

// --- -t

TEST_CASE("with -t the recipients are those of To, Cc and Bcc, and Bcc is gone", "[cli][sendmail_options]") {
    const auto got =
        made({"-t"}, complete + "To: a@example.org\nBcc: secret@example.org\nCC: c@example.org\nSubject: x\n\nbody\n");
    CHECK(recipients(got) == strings{"a@example.org", "secret@example.org", "c@example.org"});
    CHECK(got.content.find("secret") == std::string::npos);
    CHECK(field_names(got.content) == strings{"From", "Date", "Message-ID", "To", "CC", "Subject"});
}

TEST_CASE("a Bcc field goes with all its lines", "[cli][sendmail_options]") {
    const auto got =
        made({"-t"},
             complete +
                 "bcc: secret@example.org,\n\thidden@example.org,\r\n  quiet@example.org\nTo: a@example.org\n\nbody\n");
    CHECK(recipients(got) == strings{"secret@example.org", "hidden@example.org", "quiet@example.org", "a@example.org"});
    CHECK(field_names(got.content) == strings{"From", "Date", "Message-ID", "To"});
    CHECK(body(got.content) == "body\r\n");
}

TEST_CASE("with -t every way to write an address is understood", "[cli][sendmail_options]") {
    const auto got = made({"-t"}, complete +
                                      "To: Ada <a@example.org>, \"Last, First\" <b@example.org>,\n"
                                      " friends: c@example.org, D (a (nested) comment) <d@example.org>;, root\n"
                                      "Cc: undisclosed-recipients:;\n\n");
    CHECK(recipients(got) ==
          strings{"a@example.org", "b@example.org", "c@example.org", "d@example.org", "root@mx.example.org"});
    CHECK(field(got.content, "Cc") == " undisclosed-recipients:;");
}

TEST_CASE("with -t what looks like a field in the body names nobody", "[cli][sendmail_options]") {
    CHECK(recipients(made({"-t"}, complete + "To: a@example.org\n\nTo: b@example.org\nBcc: c@example.org\n")) ==
          strings{"a@example.org"});
}

TEST_CASE("without -t the header names nobody", "[cli][sendmail_options]") {
    CHECK(recipients(made({"bob"}, complete + "To: a@example.org\n")) == strings{"bob@mx.example.org"});
    CHECK(refusal({}, complete + "To: a@example.org\n") == "no recipients");
}

TEST_CASE("with -t a message to nobody is refused", "[cli][sendmail_options]") {
    CHECK(refusal({"-t"}, complete) == "no recipients");
    CHECK(refusal({"-t"}, complete + "To: undisclosed-recipients:;\n") == "no recipients");
}

TEST_CASE("with -t an address that is none refuses the message", "[cli][sendmail_options]") {
    CHECK_THAT(refusal({"-t"}, complete + "To: a@example.org, b@@example.org\n"), Catch::Contains("b@@example.org"));
    CHECK_THAT(refusal({"-t"}, complete + "Bcc: <unclosed@example.org\n"), Catch::Contains("unclosed"));
}

// --- hostile values

TEST_CASE("an address that is none is refused and shown escaped", "[cli][sendmail_options]") {
    const strings hostile = {"a@example.org\nBcc: victim@example.net",
                             "a@example.org\r\n\r\nbody",
                             "a b@example.org",
                             "a@exam ple.org",
                             "@example.org",
                             "a@",
                             "\"unclosed@example.org",
                             "a@example.org>",
                             "<a@example.org>",
                             "a\0@example.org"s,
                             "m\xc3\xa4il@example.org",
                             ""};
    for (const std::string& each : hostile) {
        CAPTURE(each);
        const std::string as_recipient = refusal({"--", each}, complete);
        CHECK_THAT(as_recipient, Catch::StartsWith("a recipient address is not valid"));
        CHECK(std::ranges::all_of(as_recipient, [](char c) { return c >= ' ' && c < 0x7f; }));
        if (each.empty()) continue;  // the null reverse-path
        CHECK_THAT(refusal({"-f", each, "bob"}, complete), Catch::StartsWith("the sender address is not valid"));
    }
}

TEST_CASE("no name of whoever sends can add a line to the header", "[cli][sendmail_options]") {
    std::mt19937 random(4);
    const std::string rich = "\r\n\"\\<>@:;, ()\t.a\0"s;
    for (int round = 0; round < 20000; ++round) {
        const std::string name = random_bytes(random, rich);
        if (name.find('\0') != std::string::npos && round % 2 == 0) continue;
        sendmail_options options;
        options.recipients = {"bob@example.net"};
        identity who = ada();
        (round % 2 == 0 ? options.full_name : who.full_name) = name;
        const auto result = make_submission(options, "Subject: x\n\nbody\n", who);
        REQUIRE(std::holds_alternative<submission>(result));
        const std::string& content = std::get<submission>(result).content;
        CAPTURE(name, content);
        REQUIRE(has_only_crlf(content));
        REQUIRE(field_names(content) == strings{"From", "Date", "Message-ID", "Subject"});
        REQUIRE(body(content) == "body\r\n");
        const auto from = mail::parse_address_list(field(content, "From"));
        REQUIRE(from.addresses == strings{"ada@mx.example.org"});
        REQUIRE(from.bad.empty());
    }
}

TEST_CASE("no sender address can add a line to the header", "[cli][sendmail_options]") {
    std::mt19937 random(5);
    const std::string rich = "\r\n\"\\<>@:;, ()\t.aaa"s;
    int accepted = 0;
    for (int round = 0; round < 50000; ++round) {
        sendmail_options options;
        options.recipients = {"bob@example.net"};
        const std::string local = random_bytes(random, rich);
        options.from = (round % 3 == 0 ? "\"" + local + "\"" : local) + (round % 2 == 0 ? "@example.org" : "");
        if (options.from.empty()) continue;
        const auto result = make_submission(options, "Subject: x\n\nbody\n", ada());
        if (!std::holds_alternative<submission>(result)) continue;
        ++accepted;
        const std::string& content = std::get<submission>(result).content;
        CAPTURE(options.from, content);
        REQUIRE(has_only_crlf(content));
        REQUIRE(field_names(content) == strings{"From", "Date", "Message-ID", "Subject"});
        const auto from = mail::parse_address_list(field(content, "From"));
        REQUIRE(from.addresses == strings{std::get<submission>(result).from.from.text()});
    }
    CHECK(accepted > 1000);
}

TEST_CASE("a user whose name is no local-part still cannot add a line to the header", "[cli][sendmail_options]") {
    identity who = ada();
    who.user = GENERATE("ada\nBcc: victim@example.net", "ada lovelace", "ada>\r\n\r\nbody");
    const auto result = make_submission(options_of({"-f", "<>", "bob"}), "Subject: x\n\nbody\n", who);
    if (const auto* got = std::get_if<submission>(&result)) {
        CHECK(field_names(got->content) == strings{"From", "Date", "Message-ID", "Subject"});
        CHECK(mail::parse_address_list(field(got->content, "From")).bad.empty());
    }
}
