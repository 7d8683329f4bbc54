// server_session under random commands, with an oracle that knows only what a transaction is.
#include <random>

#include <catch2/catch.hpp>

#include "stub_server.hpp"
#include "waypost/base/encoding.hpp"

using namespace waypost;
using namespace waypost::smtp;
using namespace std::string_literals;

namespace {

const std::vector<std::string> commands = {
    "EHLO x",
    "HELO x",
    "EHLO",
    "EHLO \x01",
    "MAIL FROM:<a@b>",
    "MAIL FROM:<refused@b>",
    "MAIL FROM:<>",
    "MAIL FROM:<a@b> SIZE=99999999999",
    "MAIL FROM:<a@b> FOO=1",
    "MAIL FROM:",
    "RCPT TO:<c@d>",
    "RCPT TO:<refused@d>",
    "RCPT TO:<later@d>",
    "RCPT TO:<>",
    "RCPT TO:<c@d> NOTIFY=NEVER",
    "DATA",
    "DATA x",
    "RSET",
    "RSET x",
    "NOOP",
    "VRFY x",
    "EXPN x",
    "HELP",
    "STARTTLS",
    "AUTH PLAIN",
    "AUTH LOGIN",
    "AUTH LOGIN bWU=",
    "AUTH PLAIN " + base::base64_encode("\0me\0secret"s),
    "AUTH FOO",
    "c2VjcmV0",
    "*",
    "=",
    "",
    " ",
    "\0"s,
    "BDAT 10 LAST",
    "MAIL FROM:<a@b>\r",
    "MAIL FROM:<a@b>\nRCPT TO:<c@d>",
    std::string(5000, 'x'),
};

const std::vector<std::string> contents = {"hi\r\n.\r\n", ".\r\n", "a\n.\n\r\n.\r\n", "..\r\n.x\r\n.\r\n",
                                           "\0\r\n.\r\n"s};

}  // namespace

TEST_CASE("no sequence of commands crashes, carries recipients over or leaves half a transaction",
          "[smtp][server_session]") {
    std::mt19937 random(20260724);
    int accepted = 0;
    for (int round = 0; round < 3000; ++round) {
        server_settings settings{.host = *mail::domain::parse("mx.example.org")};
        settings.tls = static_cast<requirement>(random() % 3);
        settings.auth = static_cast<requirement>(random() % 3);
        settings.limits.max_recipients = 3;
        settings.limits.max_errors = 1 + random() % 40;
        settings.limits.max_idle_commands = 40;
        stub_server server(settings);
        server.on_sender = [](const mail::sender& s) {
            return s.address.text() == "refused@b" ? mail::status::permanent("5.7.1", "no") : mail::status();
        };
        server.on_recipient = [](const mail::recipient& r) {
            if (r.address.text() == "refused@d") return mail::status::permanent("5.1.1", "no");
            return r.address.text() == "later@d" ? mail::status::transient("4.1.1", "later") : mail::status();
        };
        std::size_t recipients = 0;  // the oracle: accepted since the last end of a transaction
        server.on_data = [&] {
            CHECK(recipients > 0);
            return random() % 4 == 0 ? mail::status::transient("4.3.1", "full") : mail::status();
        };
        server.on_content = [&] {
            return random() % 3 == 0 ? mail::status::permanent("5.7.1", "spam") : mail::status();
        };
        (void)server.replies();

        std::string said;
        for (int i = 0; i < 60 && !server.closed(); ++i) {
            const server_session& session = server.session();
            // half of the time what makes progress
            std::string text = commands[random() % commands.size()];
            if (random() % 2 == 0) {
                text = session.recipients() > 0   ? (random() % 2 == 0 ? "DATA" : "RCPT TO:<c@d>")
                       : session.in_transaction() ? "RCPT TO:<c@d>"
                       : session.helo().empty()   ? "EHLO x"
                                                  : "MAIL FROM:<a@b>";
            }
            const bool was_in_content = session.receiving_content();
            if (was_in_content) text = contents[random() % contents.size()];
            said += text + '|';
            CAPTURE(round, said);
            const bool was_in_transaction = session.in_transaction();
            const std::string reply = server.say(was_in_content ? text : text + "\r\n");
            const bool good = reply.starts_with('2');

            if (was_in_content) {
                recipients = 0;
                CHECK_FALSE(session.in_transaction());
            } else if (text.starts_with("RCPT") && good) {
                CHECK(was_in_transaction);
                ++recipients;
            } else if (good &&
                       (text == "RSET" || text.starts_with("EHLO") || text.starts_with("HELO") || text == "STARTTLS")) {
                recipients = 0;
                CHECK_FALSE(session.in_transaction());
            } else if (text.starts_with("MAIL") && good) {
                CHECK_FALSE(was_in_transaction);
                CHECK(session.in_transaction());
            }
            if (!session.in_transaction()) recipients = 0;
            CHECK(session.recipients() == recipients);
            CHECK(recipients <= 3);
            CHECK((!session.receiving_content() || session.in_transaction()));
            CHECK((settings.tls != requirement::required || session.tls_active() || !session.in_transaction()));
            CHECK((settings.auth != requirement::required || !session.authenticated_user().empty() ||
                   !session.in_transaction()));
            if (server.tls_begun()) {
                CHECK(session.helo().empty());
                CHECK(session.authenticated_user().empty());
                server.tls_handshake();
            }
        }
        for (const auto& message : server.accepted())
            CHECK((message.recipients.size() >= 1 && message.recipients.size() <= 3));
        accepted += static_cast<int>(server.accepted().size());
    }
    CHECK(accepted > 1000);  // or the test has not been where it should be
}

TEST_CASE("replies do not depend on how the bytes were split", "[smtp][server_session]") {
    std::mt19937 random(20260812);
    for (int round = 0; round < 300; ++round) {
        std::string bytes = "EHLO x\r\n";
        for (int i = 0; i < 20; ++i) {
            std::string text = random() % 3 == 0 ? commands[random() % commands.size()]
                                                 : commands[std::vector<std::size_t>{4, 10, 15, 17}[random() % 4]];
            if (text == "STARTTLS") continue;  // what is behind it in the same bytes is thrown away
            bytes += text + "\r\n";
            if (text == "DATA") bytes += contents[random() % contents.size()];
        }
        const server_settings settings{.host = *mail::domain::parse("mx.example.org"), .auth = requirement::offered};
        stub_server at_once(settings);
        at_once.sees_input_behind = false;  // the one thing that does: whether the rest is there already
        const std::string expected = at_once.say(bytes);
        stub_server split(settings);
        split.sees_input_behind = false;
        std::string replies;
        for (std::size_t i = 0; i < bytes.size();) {
            const std::size_t size = 1 + random() % 7;
            replies += split.say(std::string_view(bytes).substr(i, size));
            i += size;
        }
        CAPTURE(round);
        CHECK(replies == expected);
    }
}
