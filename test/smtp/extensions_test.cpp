#include "waypost/smtp/extensions.hpp"

#include <catch2/catch.hpp>

using namespace waypost::smtp;

namespace {

extensions offered(std::initializer_list<std::string> lines) {
    reply ehlo(250, "mx.example greets you");
    ehlo.lines.insert(ehlo.lines.end(), lines);
    return parse_extensions(ehlo);
}

}  // namespace

TEST_CASE("the usual EHLO reply is understood, in any case", "[smtp][extensions]") {
    const auto known = offered({"PIPELINING", "Size 10240000", "dsn", "STARTTLS", "AUTH CRAM-MD5 PLAIN LOGIN",
                                "8bitmime", "ENHANCEDSTATUSCODES", "SMTPUTF8", "CHUNKING"});
    CHECK(known.pipelining);
    CHECK(known.size);
    CHECK(known.max_size == 10'240'000U);
    CHECK(known.dsn);
    CHECK(known.starttls);
    CHECK(known.eight_bit_mime);
    CHECK(known.enhanced_status_codes);
    CHECK(known.auth_offered);
    CHECK(known.auth_plain);
    CHECK(known.auth_login);
    CHECK(known.chunking);
    CHECK_FALSE(known.max_mails);
}

TEST_CASE("LIMITS are known by name, and nonsense among them is passed over", "[smtp][extensions]") {
    const auto known = offered({"limits MAILMAX=20 rcptmax=100 RCPTDOMAINMAX=1 FUTUREMAX=3"});
    CHECK(known.max_mails == 20U);
    CHECK(known.max_recipients == 100U);
    CHECK(known.max_recipient_domains == 1U);
    const auto odd = offered({"LIMITS MAILMAX RCPTMAX= MAILMAX=x RCPTMAX=0 =7 RCPTDOMAINMAX=-1"});
    CHECK_FALSE(odd.max_mails);
    CHECK_FALSE(odd.max_recipients);
    CHECK_FALSE(odd.max_recipient_domains);
}

TEST_CASE("the line that greets offers nothing", "[smtp][extensions]") {
    CHECK_FALSE(parse_extensions(reply(250, "PIPELINING")).pipelining);
    CHECK_FALSE(parse_extensions(reply(250, "")).pipelining);
}

TEST_CASE("SIZE has a limit only if it names one that can be", "[smtp][extensions]") {
    CHECK(offered({"SIZE"}).size);
    CHECK_FALSE(offered({"SIZE"}).max_size);
    CHECK_FALSE(offered({"SIZE 0"}).max_size);
    CHECK(offered({"SIZE 99999999999999"}).max_size == 99'999'999'999'999U);
    CHECK_FALSE(offered({"SIZE 99999999999999999999999"}).max_size);
    CHECK_FALSE(offered({"SIZE -1"}).max_size);
    CHECK_FALSE(offered({"SIZE many"}).max_size);
}

TEST_CASE("AUTH= of old servers is an offer too", "[smtp][extensions]") {
    CHECK(offered({"AUTH=LOGIN PLAIN"}).auth_login);
    CHECK(offered({"AUTH=LOGIN PLAIN"}).auth_plain);
    CHECK(offered({"AUTH GSSAPI"}).auth_offered);
    CHECK_FALSE(offered({"AUTH GSSAPI"}).auth_plain);
    CHECK_FALSE(offered({"AUTH"}).auth_offered);
}

TEST_CASE("unknown keywords and nonsense are passed over", "[smtp][extensions]") {
    const auto known = offered(
        {"", "   ", "LIMITS MAILMAX=x RCPTMAX=-1", "PIPELININGS", "X-PIPELINING", "\\x00", "STARTTLS extra words"});
    CHECK_FALSE(known.pipelining);
    CHECK(known.starttls);
}
