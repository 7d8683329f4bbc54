#include "waypost/smtp/command.hpp"
#include "test_data.hpp"

#include <fstream>
#include <map>

#include <catch2/catch.hpp>

using namespace waypost;
using namespace waypost::smtp;

namespace {

const mail::domain here = *mail::domain::parse("mx.example.org");

// What a line gave: the path's text, or the code that refuses it.
std::string from(std::string_view argument, bool dsn = true) {
    const auto parsed = parse_mail(argument, dsn, here);
    if (const auto* no = std::get_if<mail::status>(&parsed)) return std::to_string(no->code());
    return '<' + std::get<mail::sender>(parsed).address.text() + '>';
}
std::string to(std::string_view argument, bool dsn = true) {
    const auto parsed = parse_rcpt(argument, dsn, here);
    if (const auto* no = std::get_if<mail::status>(&parsed)) return std::to_string(no->code());
    return '<' + std::get<mail::recipient>(parsed).address.text() + '>';
}
mail::sender sender(std::string_view argument) { return std::get<mail::sender>(parse_mail(argument, true, here)); }
mail::recipient recipient(std::string_view argument) {
    return std::get<mail::recipient>(parse_rcpt(argument, true, here));
}
mail::status refusal(std::string_view argument) { return std::get<mail::status>(parse_mail(argument, true, here)); }

}  // namespace

TEST_CASE("verbs are known in any case and lead to an argument without blanks around it", "[smtp][command]") {
    const command mail = parse_command("mAiL  FROM:<a@b> SIZE=1 \t");
    CHECK(mail.verb == verb::mail);
    CHECK(mail.name == "mAiL");
    CHECK(mail.argument == "FROM:<a@b> SIZE=1");
    const std::map<std::string_view, verb> verbs = {
        {"HELO", verb::helo}, {"EHLO", verb::ehlo}, {"RCPT", verb::rcpt},         {"DATA", verb::data},
        {"RSET", verb::rset}, {"NOOP", verb::noop}, {"VRFY", verb::vrfy},         {"EXPN", verb::expn},
        {"HELP", verb::help}, {"QUIT", verb::quit}, {"StartTLS", verb::starttls}, {"AUTH", verb::auth}};
    for (const auto& [name, what] : verbs) {
        CAPTURE(name);
        CHECK(parse_command(name).verb == what);
        CHECK(parse_command(std::string(name) + "\t ").argument.empty());
    }
}

TEST_CASE("what is not a verb is unknown", "[smtp][command]") {
    for (const std::string_view line : {"", " ", " HELO x", "HEL", "HELOO x", "MAIL:", "MAIL\vFROM:<a@b>", "STARTTLSS",
                                        "\xc8\xc5\xcc\xcf", "BDAT 1", "XXXXXXXXXXXXHELO"}) {
        CAPTURE(line);
        CHECK(parse_command(line).verb == verb::unknown);
    }
    CHECK(parse_command(std::string_view("\0\0\0\0HELO", 8)).verb == verb::unknown);
    CHECK(parse_command(std::string_view("\0\0\0\1HELO", 8)).verb == verb::unknown);
    CHECK(parse_command(std::string_view("\0HELO", 5)).verb == verb::unknown);
}

TEST_CASE("MAIL takes a reverse-path, with the leniency that clients need", "[smtp][command]") {
    CHECK(from("FROM:<a@b>") == "<a@b>");
    CHECK(from("from:<a@b>") == "<a@b>");
    CHECK(from("FROM: <a@b>") == "<a@b>");
    CHECK(from("FROM:a@b") == "<a@b>");
    CHECK(from("FROM:a@b SIZE=1") == "<a@b>");
    CHECK(from("FROM:<>") == "<>");
    CHECK(from("FROM:<> SIZE=1") == "<>");
    CHECK(from("FROM:<\"a > b\"@c>") == "<\"a > b\"@c>");
    CHECK(from("FROM:\"a b\"@c SIZE=1") == "<\"a b\"@c>");
    CHECK(from("FROM:<@relay,@other:a@b>") == "<a@b>");
    CHECK(from("FROM:<me>") == "<me@mx.example.org>");
}

TEST_CASE("MAIL refuses what is no reverse-path", "[smtp][command]") {
    for (const char* argument : {"", "FROM", "FROM:", "FROM: ", "TO:<a@b>", "FROM <a@b>", "LALA: <>"}) {
        CAPTURE(argument);
        CHECK(from(argument) == "501");
    }
    for (const char* argument : {"FROM:<a@b", "FROM:a@b>", "FROM:<a@>", "FROM:<@b>", "FROM:<a@b@c>", "FROM:<<a@b>>",
                                 "FROM:<a@b>>", "FROM:< a@b>", "FROM:<a@-b>", "FROM:<a@xn--->", "FROM:me",
                                 "FROM:<\xc3\xa9@b>", "FROM:<a\r@b>", "FROM:<\"a\r\n\"@b>"}) {
        CAPTURE(argument);
        CHECK((from(argument) == "553" || from(argument) == "501"));
    }
    CHECK(refusal("FROM:<\xc3\xa9@b>").enhanced() == mail::enhanced_code{5, 6, 7});
    CHECK(refusal("FROM:<a@>").enhanced() == mail::enhanced_code{5, 1, 7});
    CHECK(from("FROM:<" + std::string(65'000, 'a') + "@b>") == "553");
    CHECK(from("FROM:<a@b>SIZE=1") == "501");
}

TEST_CASE("RCPT takes a forward-path, which is never null", "[smtp][command]") {
    CHECK(to("TO:<a@b>") == "<a@b>");
    CHECK(to("to: a@b") == "<a@b>");
    CHECK(to("TO:<Postmaster>") == "<Postmaster@mx.example.org>");
    CHECK(to("TO:<@relay:a@b>") == "<a@b>");
    CHECK(to("TO:<>") == "553");
    CHECK(to("TO:") == "501");
    CHECK(to("FROM:<a@b>") == "501");
    CHECK(to("TO:<a@b> <c@d>") == "501");
}

TEST_CASE("SIZE is a number that fits, once", "[smtp][command]") {
    CHECK(sender("FROM:<a@b> SIZE=1234").declared_size == 1234U);
    CHECK(sender("FROM:<a@b> size=18446744073709551615").declared_size == 18'446'744'073'709'551'615U);
    CHECK_FALSE(sender("FROM:<a@b>").declared_size);
    for (const char* size : {"SIZE=18446744073709551616", "SIZE=-1", "SIZE=+1", "SIZE=", "SIZE", "SIZE=1 SIZE=1",
                             "SIZE=1 size=2", "SIZE=0x10", "SIZE=1k", "SIZE==1"}) {
        CAPTURE(size);
        CHECK(from(std::string("FROM:<a@b> ") + size) == "501");
    }
}

TEST_CASE("BODY, RET and ENVID are taken as their RFCs say", "[smtp][command]") {
    CHECK(sender("FROM:<a@b> BODY=8BITMIME").eight_bit);
    CHECK_FALSE(sender("FROM:<a@b> BODY=7bit").eight_bit);
    CHECK(from("FROM:<a@b> BODY=BINARYMIME") == "501");
    CHECK(sender("FROM:<a@b> RET=full").ret == mail::dsn_return::full);
    CHECK(sender("FROM:<a@b> RET=HDRS").ret == mail::dsn_return::headers);
    CHECK(from("FROM:<a@b> RET=SOME") == "501");
    CHECK(sender("FROM:<a@b> ENVID=QQ314159+2B").envelope_id == "QQ314159+");
    CHECK(from("FROM:<a@b> ENVID=" + std::string(100, 'x')) == "<a@b>");
    CHECK(from("FROM:<a@b> ENVID=" + std::string(101, 'x')) == "501");
}

TEST_CASE("xtext that hides line ends or is cut short is refused", "[smtp][command]") {
    // CVE-2020-28021, Postfix 20260602
    for (const char* bad : {"a+00", "a+0A", "a+0D+0A", "+0", "+", "a+0a", "a+G0", "a+7F"}) {
        CAPTURE(bad);
        CHECK(from(std::string("FROM:<a@b> ENVID=") + bad) == "501");
        CHECK(from(std::string("FROM:<a@b> AUTH=") + bad) == "501");
        CHECK(to(std::string("TO:<a@b> ORCPT=rfc822;") + bad) == "501");
    }
}

TEST_CASE("AUTH of MAIL is accepted and has no effect", "[smtp][command]") {
    CHECK(from("FROM:<a@b> AUTH=<>") == "<a@b>");
    CHECK(from("FROM:<a@b> AUTH=e+3Dmc2@example.com") == "<a@b>");
}

TEST_CASE("NOTIFY and ORCPT are taken as RFC 3461 says", "[smtp][command]") {
    const auto to_both = recipient("TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@c");
    CHECK(to_both.notify.success);
    CHECK(to_both.notify.delay);
    CHECK_FALSE(to_both.notify.failure);
    CHECK(to_both.original == "rfc822;x+2By@c");
    CHECK(recipient("TO:<a@b> NOTIFY=NEVER").notify.never);
    for (const char* bad :
         {"NOTIFY=", "NOTIFY", "NOTIFY=NEVER,SUCCESS", "NOTIFY=ALWAYS", "NOTIFY=SUCCESS,", "ORCPT=rfc822", "ORCPT=;a@b",
          "ORCPT=rfc822;", "ORCPT=rf c822;a", "ORCPT=rfc822;a=b", "ORCPT=rfc822;a ORCPT=rfc822;a"}) {
        CAPTURE(bad);
        CHECK(to(std::string("TO:<a@b> ") + bad) == "501");
    }
    CHECK(to("TO:<a@b> ORCPT=rfc822;" + std::string(493, 'x')) == "<a@b>");
    CHECK(to("TO:<a@b> ORCPT=rfc822;" + std::string(494, 'x')) == "501");
}

TEST_CASE("without DSN its parameters are unknown", "[smtp][command]") {
    CHECK(from("FROM:<a@b> RET=FULL", false) == "555");
    CHECK(from("FROM:<a@b> ENVID=x", false) == "555");
    CHECK(to("TO:<a@b> NOTIFY=NEVER", false) == "555");
    CHECK(to("TO:<a@b> ORCPT=rfc822;a", false) == "555");
    CHECK(from("FROM:<a@b> SIZE=1 BODY=7BIT", false) == "<a@b>");
}

TEST_CASE("unknown parameters are named in the refusal, with strange bytes escaped", "[smtp][command]") {
    CHECK(from("FROM:<a@b> SMTPUTF8") == "555");
    CHECK(from("FROM:<a@b> X-Y=1 SIZE=1") == "555");
    CHECK(refusal("FROM:<a@b> X-Y=1").line() == "555 5.5.4 Unsupported parameter X-Y");
    CHECK(from("FROM:<a@b> \x01=1") == "501");
    CHECK(refusal("FROM:<a@b> \x1b[2J").text() == "Malformed parameter \\x1b[2J");
    CHECK(from("FROM:<a@b> =1") == "501");
    CHECK(from("FROM:<a@b> -x=1") == "501");
    std::string many = "FROM:<a@b>";
    for (int i = 0; i < 1000; ++i) many += " K" + std::to_string(i) + "=1";
    CHECK(from(many) == "555");
}

// test/data/smtp-syntax/SOURCE.txt: each line with how lenient servers take it apart.
TEST_CASE("the lines of other servers' tests get their verdict, or a stricter one on purpose", "[smtp][command]") {
    const std::map<std::string, std::string> on_purpose = {
        // RFC 5321 4.1.2: only "<>" is the null reverse-path; nothing at all is a mistake
        {"MAIL FROM:", "501"},
        // without brackets a bare word is more likely a mistake than a mailbox here
        {"MAIL FROM:user", "553"},
        {"MAIL FROM:user size=1234", "553"},
        // RFC 5321 4.1.1.11: parameters that were not offered get 555; those servers only took the line apart
        {"MAIL FROM:<user@domain> somekey", "555"},
        {"MAIL FROM:<user@domain> somekey other=foo", "555"},
        {"MAIL FROM:<user@domain> SMTPUTF8", "555"},
        {"RCPT TO: 0@mailblog.biz 0=9 1=9", "555"},
        {"RCPT TO:<r86x-ray@emailitin.com> state=1", "555"},
        {"RCPT TO:<user=name@domain.com> foo=bar", "555"},
        // a bare local-part is one of this host
        {"MAIL FROM:<postmaster>", "<postmaster@mx.example.org>"},
        {"RCPT TO:<postmaster>", "<postmaster@mx.example.org>"},
        {"RCPT TO:<abuse>", "<abuse@mx.example.org>"},
    };
    const auto field = [](const std::string& json, const std::string& name) {
        const auto start = json.find("\"" + name + "\": \"") + name.size() + 5;
        return json.substr(start, json.find('"', start) - start);
    };
    std::ifstream file(WAYPOST_TEST_DATA "/smtp-syntax/mail-rcpt-lines.jsonl");
    int lines = 0;
    for (std::string json; std::getline(file, json); ++lines) {
        const std::string text = field(json, "line");
        std::string expected = field(json, "path");
        if (!expected.starts_with('<')) expected = '<' + expected + '>';
        if (const auto other = on_purpose.find(text); other != on_purpose.end()) expected = other->second;
        const command parsed = parse_command(text);
        CAPTURE(text);
        CHECK((parsed.verb == verb::mail ? from(parsed.argument) : to(parsed.argument)) == expected);
    }
    CHECK(lines == 16);
}
