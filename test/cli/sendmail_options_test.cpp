#include "sendmail_options.hpp"

#include <sysexits.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace waypost;
using cli::parse_sendmail_options;
using cli::sendmail_mode;
using cli::sendmail_options;
using strings = std::vector<std::string>;

namespace {

sendmail_options options_of(const strings& arguments) {
    const auto parsed = parse_sendmail_options(arguments);
    if (const auto* wrong = std::get_if<cli::sendmail_fault>(&parsed)) FAIL(wrong->text);
    return std::get<sendmail_options>(parsed);
}

cli::sendmail_fault fault_of(const strings& arguments) {
    const auto parsed = parse_sendmail_options(arguments);
    if (std::holds_alternative<cli::sendmail_fault>(parsed)) return std::get<cli::sendmail_fault>(parsed);
    return {0, "no fault"};
}

}  // namespace

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
    CHECK(options_of({"-f", "a@example.org"}).sender == "a@example.org");
    CHECK(options_of({"-fa@example.org"}).sender == "a@example.org");
    CHECK(options_of({"-r", "a@example.org"}).sender == "a@example.org");
    CHECK(options_of({"-F", "Ada Lovelace"}).full_name == "Ada Lovelace");
    CHECK(options_of({"-FAda"}).full_name == "Ada");
    CHECK(options_of({"-N", "never"}).notify == "never");
    CHECK(options_of({"-R", "full"}).ret == "full");
    CHECK(options_of({"-V", "id"}).envelope_id == "id");
    CHECK(options_of({"-f", "-t"}).sender == "-t");
}

TEST_CASE("an empty sender is the null reverse-path", "[cli][sendmail_options]") {
    CHECK(options_of({"-f", ""}).sender == "<>");
    CHECK(options_of({"-f", "<>"}).sender == "<>");
    CHECK(options_of({"-f<>"}).sender == "<>");
}

TEST_CASE("options without a value", "[cli][sendmail_options]") {
    CHECK(options_of({"-t"}).recipients_from_header);
    CHECK(options_of({"-i"}).dot_is_text);
    CHECK(options_of({"-oi"}).dot_is_text);
    CHECK_FALSE(options_of({}).dot_is_text);
    CHECK(options_of({"-bm"}).recipients.empty());
}

TEST_CASE("it is newaliases too, by either option", "[cli][sendmail_options]") {
    CHECK(options_of({"-bi"}).mode == sendmail_mode::aliases);
    CHECK(options_of({"-I"}).mode == sendmail_mode::aliases);
    CHECK(options_of({"-i", "-bm"}).mode == sendmail_mode::submit);
}

TEST_CASE("options without a value may stand together in one word", "[cli][sendmail_options]") {
    // As PHP, cron and many scripts write them.
    const auto options = options_of({"-ti"});
    CHECK(options.recipients_from_header);
    CHECK(options.dot_is_text);
    const auto with_sender = options_of({"-itf", "a@example.org"});
    CHECK(with_sender.recipients_from_header);
    CHECK(with_sender.sender == "a@example.org");
}

TEST_CASE("audit 27: what other sendmails know is passed over, with its value and nothing more",
          "[cli][sendmail_options]") {
    const strings passed_over = GENERATE(
        strings{"-oem"}, strings{"-o", "em"}, strings{"-odb"}, strings{"-B8BITMIME"}, strings{"-B", "8BITMIME"},
        strings{"-C", "/etc/mail/sendmail.cf"}, strings{"-h", "10"}, strings{"-L", "tag"},
        strings{"-O", "DeliveryMode=b"}, strings{"-X", "log"}, strings{"-p", "ESMTP:host"}, strings{"-em"},
        strings{"-ep"}, strings{"-eq"}, strings{"-e", "p"}, strings{"-m"}, strings{"-n"}, strings{"-v"}, strings{"-U"},
        strings{"-G"}, strings{"-s"}, strings{"-S"}, strings{"-d"}, strings{"-d0.1"}, strings{"-Am"}, strings{"-Ac"},
        strings{"-A", "c"}, strings{"-c"}, strings{"-x"}, strings{"-T"}, strings{"-D", "log"}, strings{"-M", "x"},
        strings{"-E"}, strings{"-J"}, strings{"-bm"}, strings{"-b", "m"}, strings{"-i", "-B8BITMIME", "-oem"});
    strings arguments = passed_over;
    arguments.insert(arguments.end(), {"bob", "alice"});
    CHECK(options_of(arguments).recipients == strings{"bob", "alice"});
}

TEST_CASE("a lone dot is text, in every way to say so", "[cli][sendmail_options]") {
    for (const strings& ways : {strings{"-i"}, strings{"-oi"}, strings{"-o", "i"}, strings{"-O", "IgnoreDots"},
                                strings{"-OIgnoreDots=True"}, strings{"-ti"}, strings{"-toi"}}) {
        CHECK(options_of(ways).dot_is_text);
    }
    for (const strings& ways : {strings{"-oem"}, strings{"-O", "IgnoreDots=False"}, strings{"-O", "DeliveryMode=i"}}) {
        CHECK_FALSE(options_of(ways).dot_is_text);
    }
}

TEST_CASE("audit 27: -bs asks for SMTP on standard input", "[cli][sendmail_options]") {
    CHECK(options_of({"-bs"}).mode == sendmail_mode::speak_smtp);
    CHECK(options_of({"-t", "-b", "s"}).mode == sendmail_mode::speak_smtp);
}

TEST_CASE("audit 27: what is not built says so, with an exit code of its own", "[cli][sendmail_options]") {
    for (const char* option :
         {"-bp", "-bP", "-bd", "-bD", "-bl", "-bv", "-bt", "-bh", "-bH", "-q", "-q15m", "-qRhost", "-qf", "-Q"}) {
        CAPTURE(option);
        const auto fault = fault_of({option});
        CHECK_THAT(fault.text, Catch::Contains(option) && Catch::Contains("is not built: "));
        CHECK(fault.exit_code == EX_UNAVAILABLE);
    }
}

TEST_CASE("what no sendmail knows is an error of usage", "[cli][sendmail_options]") {
    CHECK_THAT(fault_of({"-z"}).text, Catch::Contains("-z"));
    CHECK_THAT(fault_of({"--long"}).text, Catch::Contains("--long"));
    for (const char* option : {"-f", "-r", "-F", "-N", "-R", "-V", "-o", "-B", "-C", "-b", "-e"}) {
        CAPTURE(option);
        CHECK_THAT(fault_of({option}).text, Catch::Contains(option));
        CHECK(fault_of({option}).exit_code == EX_USAGE);
    }
}

TEST_CASE("a fault shows no raw bytes of its option", "[cli][sendmail_options]") {
    for (const char* option : {"-z\x1b[31m\n", "-q\x1b[31m\n", "-b\x1b[31m\n"}) {
        CHECK(std::ranges::all_of(fault_of({option}).text, [](char c) { return c >= ' ' && c < 0x7f; }));
    }
}

TEST_CASE("whatever the arguments are, they are options, recipients or a fault that can be shown",
          "[cli][sendmail_options]") {
    std::mt19937 random(27);
    const std::string letters = "-tioIbfFNRVABCDdEeGhJLMmnOpQqrSsTUvXx @=,<>\n\xff";
    for (int round = 0; round < 50000; ++round) {
        strings arguments(random() % 5);
        for (std::string& each : arguments) {
            each = random() % 3 == 0 ? "" : "-";
            for (auto count = random() % 5; count > 0; --count) each += letters[random() % letters.size()];
        }
        const auto parsed = parse_sendmail_options(arguments);
        if (const auto* fault = std::get_if<cli::sendmail_fault>(&parsed)) {
            REQUIRE((fault->exit_code == EX_USAGE || fault->exit_code == EX_UNAVAILABLE));
            REQUIRE(std::ranges::all_of(fault->text, [](char c) { return c >= ' ' && c < 0x7f; }));
        } else {
            REQUIRE(std::get<sendmail_options>(parsed).recipients.size() <= arguments.size());
        }
    }
}
