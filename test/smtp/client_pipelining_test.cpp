// Transactions that overlap: what goes in one flight, and that every reply finds its own.
#include <catch2/catch.hpp>

#include "client_talk.hpp"

using namespace waypost;
using namespace waypost::smtp;

namespace {

using strings = std::vector<std::string>;

const std::string chunking = "250-mx|250-PIPELINING|250 CHUNKING";

class overlap : public opened {
public:
    explicit overlap(const std::string& ehlo, const client_settings& settings = plain()) : opened(ehlo, settings) {}

    /// Begins mails from 0@x, 1@x ..., which goes on with each call.
    void begin(std::initializer_list<std::initializer_list<std::string>> mails, std::uint64_t size = 10) {
        for (const auto& to : mails) session.begin(mail_to(to, size));
    }
    client_transaction mail_to(std::initializer_list<std::string> to, std::uint64_t size = 10) {
        client_transaction what = message(to, size);
        what.sender.address = *mail::reverse_path::from_text(std::to_string(next_++) + "@x");
        what.chunk = size;
        return what;
    }
    /// All that the client writes now, without line ends, with the content as in flight().
    std::string writes() {
        std::string all;
        for (;;) {
            all += flight();
            if (!wants<transaction_done>()) break;
            ended.push_back(outcome());
        }
        for (auto at = all.find("\r\n"); at != std::string::npos; at = all.find("\r\n")) all.replace(at, 2, " ");
        return all;
    }
    /// What it writes after these replies, which came together.
    std::string hear(std::initializer_list<std::string> replies) {
        for (const std::string& one : replies) session.on_reply(reply(std::stoi(one), one.substr(4)));
        return writes();
    }

    strings ended;

private:
    int next_ = 0;
};

}  // namespace

// --- PIPELINING alone

TEST_CASE("the content goes together with the next envelope", "[smtp][client_pipelining]") {
    overlap client(pipelining);
    client.begin({{"a@d"}, {"b@d"}});
    CHECK(client.writes() == "MAIL FROM:<0@x> SIZE=10 RCPT TO:<a@d> DATA ");
    CHECK_FALSE(client.session.has_room());  // one waits already
    CHECK(client.hear({"250 ok", "250 ok", "354 go"}) == "{0}MAIL FROM:<1@x> SIZE=10 RCPT TO:<b@d> DATA ");
    CHECK(client.session.has_room());
    client.begin({{"c@d"}});
    CHECK(client.hear({"250 first", "250 ok"}).empty());
    CHECK(client.ended == strings{"250 first"});
    CHECK(client.hear({"250 ok", "354 go"}) == "{1}MAIL FROM:<2@x> SIZE=10 RCPT TO:<c@d> DATA ");
    CHECK(client.hear({"554 second", "250 ok", "250 ok", "354 go"}) == "{2}");
    CHECK(client.hear({"250 third"}).empty());
    CHECK(client.ended == strings{"250 first", "554 second", "250 third"});
    CHECK(client.wants<idle>());
}

TEST_CASE("without PIPELINING nothing overlaps", "[smtp][client_pipelining]") {
    overlap client("250-mx|250 CHUNKING");
    client.begin({{"a@d"}});
    CHECK_FALSE(client.session.has_room());
    CHECK_THROWS_AS(client.begin({{"b@d"}}), std::logic_error);
}

TEST_CASE("a mail that is refused does not take the next along", "[smtp][client_pipelining]") {
    overlap client(pipelining);
    client.begin({{"a@d"}, {"b@d"}});
    CHECK_FALSE(client.writes().empty());
    SECTION("at MAIL") {
        CHECK(client.hear({"550 no", "503 what", "503 what"}) == "MAIL FROM:<1@x> SIZE=10 RCPT TO:<b@d> DATA ");
    }
    SECTION("every recipient of it") {
        CHECK(client.hear({"250 ok", "550 no", "554 nobody"}) == "RSET MAIL FROM:<1@x> SIZE=10 RCPT TO:<b@d> DATA ");
        CHECK(client.hear({"250 reset"}).empty());
    }
    SECTION("every recipient, and DATA is taken all the same") {
        CHECK(client.hear({"250 ok", "550 no", "354 go"}) == ". MAIL FROM:<1@x> SIZE=10 RCPT TO:<b@d> DATA ");
        CHECK(client.hear({"250 empty"}).empty());
    }
    SECTION("at DATA") {
        CHECK(client.hear({"250 ok", "250 ok", "550 no"}) == "RSET MAIL FROM:<1@x> SIZE=10 RCPT TO:<b@d> DATA ");
        CHECK(client.hear({"250 reset"}).empty());
    }
    SECTION("at its end") {
        CHECK(client.hear({"250 ok", "250 ok", "354 go"}) == "{0}MAIL FROM:<1@x> SIZE=10 RCPT TO:<b@d> DATA ");
        CHECK(client.hear({"550 no"}).empty());
    }
    CHECK(client.ended == strings{"550 no"});
    CHECK(client.hear({"250 ok", "250 ok", "354 go"}) == "{1}");
    CHECK(client.hear({"250 kept"}).empty());
    CHECK(client.ended == strings{"550 no", "250 kept"});
}

TEST_CASE("with LMTP too the content goes together with the next envelope", "[smtp][client_pipelining]") {
    overlap client(chunking, lmtp());
    client.begin({{"a@d", "b@d"}, {"c@d"}});
    CHECK_FALSE(client.writes().empty());
    CHECK(client.hear({"250 ok", "250 ok", "250 ok", "354 go"}) == "{0}MAIL FROM:<1@x> RCPT TO:<c@d> DATA ");
    CHECK(client.hear({"250 a", "452 b"}).empty());
    CHECK(client.hear({"250 ok", "250 ok", "354 go"}) == "{1}");
    CHECK(client.hear({"250 c"}).empty());
    CHECK(client.ended == strings{"250 a|452 b", "250 c"});
}

// --- with CHUNKING

TEST_CASE("with CHUNKING several mails go in one flight, and RSET parts them", "[smtp][client_pipelining]") {
    overlap client(chunking);
    client.begin({{"a@d"}, {"b@d", "c@d"}});
    CHECK(client.writes() ==
          "MAIL FROM:<0@x> RCPT TO:<a@d> BDAT 10 LAST [0]"
          "RSET MAIL FROM:<1@x> RCPT TO:<b@d> RCPT TO:<c@d> BDAT 10 LAST [1]");
    client.begin({{"e@d"}});
    CHECK(client.writes() == "RSET MAIL FROM:<2@x> RCPT TO:<e@d> BDAT 10 LAST [2]");
    CHECK(client.hear({"250 ok", "250 ok", "250 first", "250 reset", "250 ok", "550 b", "250 ok"}).empty());
    CHECK(std::get<read_reply>(client.step).within == std::chrono::minutes(10));
    CHECK(client.hear({"250 second", "250 reset", "250 ok", "250 ok", "452 third"}).empty());
    CHECK(client.ended == strings{"250 first", "550 b|250 second", "452 third"});
    CHECK(client.wants<idle>());
}

TEST_CASE("no RSET is spent where the mail before is known to have ended well", "[smtp][client_pipelining]") {
    overlap client(chunking);
    client.begin({{"a@d"}});
    CHECK_FALSE(client.writes().empty());
    CHECK(client.hear({"250 ok", "250 ok", "250 first"}).empty());
    client.begin({{"b@d"}});
    CHECK(client.writes().starts_with("MAIL"));
    CHECK(client.hear({"250 ok", "550 no", "554 nobody"}).empty());
    client.begin({{"c@d"}});
    CHECK(client.writes().starts_with("RSET MAIL"));
}

TEST_CASE("what one mail in the flight is refused leaves its neighbours alone", "[smtp][client_pipelining]") {
    overlap client(chunking);
    client.begin({{"a@d"}, {"b@d"}, {"c@d"}});
    CHECK_FALSE(client.writes().empty());
    CHECK(client.hear({"250 ok", "250 ok", "250 first", "250 reset"}).empty());
    std::string said = "550 no";
    SECTION("at MAIL") { CHECK(client.hear({"550 no", "503 what", "503 what"}).empty()); }
    SECTION("every recipient") { CHECK(client.hear({"250 ok", "550 no", "503 nobody"}).empty()); }
    SECTION("every recipient, and BDAT is taken all the same") {
        CHECK(client.hear({"250 ok", "550 no", "250 taken"}).empty());
    }
    SECTION("the content") { CHECK(client.hear({"250 ok", "250 ok", "550 no"}).empty()); }
    CHECK(client.hear({"250 reset", "250 ok", "250 ok", "250 third"}).empty());
    CHECK(client.ended == strings{"250 first", said, "250 third"});
}

TEST_CASE("content that may not go as it lies goes by DATA between those that may", "[smtp][client_pipelining]") {
    overlap client(chunking);
    client.begin({{"a@d"}});
    auto dotted = client.mail_to({"b@d"});
    dotted.chunk.reset();
    client.session.begin(dotted);
    CHECK(client.writes() == "MAIL FROM:<0@x> RCPT TO:<a@d> BDAT 10 LAST [0]RSET MAIL FROM:<1@x> RCPT TO:<b@d> DATA ");
    client.begin({{"c@d"}});
    CHECK(client.writes().empty());  // nothing may follow DATA
    CHECK_FALSE(client.session.has_room());
    CHECK(client.hear({"250 ok", "250 ok", "250 first", "250 reset", "250 ok", "250 ok"}).empty());
    CHECK(client.hear({"354 go"}) == "{1}MAIL FROM:<2@x> RCPT TO:<c@d> BDAT 10 LAST [2]");
    CHECK(client.hear({"250 second", "250 ok", "250 ok", "250 third"}).empty());
    CHECK(client.ended == strings{"250 first", "250 second", "250 third"});
}

TEST_CASE("who wants all or none is asked about all before the content goes", "[smtp][client_pipelining]") {
    overlap client(chunking);
    auto all = client.mail_to({"a@d", "b@d"});
    all.all_or_none = true;
    client.session.begin(all);
    CHECK(client.writes() == "MAIL FROM:<0@x> RCPT TO:<a@d> RCPT TO:<b@d> ");
    CHECK(client.hear({"250 ok", "250 ok", "550 no"}).empty());
    CHECK(client.ended == strings{"550 no|550 no"});
}

TEST_CASE("what is in flight is bounded in messages, octets and replies", "[smtp][client_pipelining]") {
    overlap many(chunking);
    int begun = 0;
    for (; many.session.has_room(); ++begun) many.begin({{"a@d"}});
    CHECK(begun == 16);
    CHECK_FALSE(many.writes().empty());
    CHECK_FALSE(many.session.has_room());
    CHECK(many.hear({"250 ok", "250 ok", "250 kept"}).empty());
    CHECK(many.session.has_room());

    overlap large(chunking);
    for (begun = 0; large.session.has_room(); ++begun) {
        large.begin({{"a@d"}}, 100'000);
        CHECK_FALSE(large.writes().empty());
    }
    CHECK(begun == 3);

    overlap wide(chunking);
    const std::initializer_list<std::string> thirty = {"0@d",  "1@d",  "2@d",  "3@d",  "4@d",  "5@d",  "6@d",  "7@d",
                                                       "8@d",  "9@d",  "10@d", "11@d", "12@d", "13@d", "14@d", "15@d",
                                                       "16@d", "17@d", "18@d", "19@d", "20@d", "21@d", "22@d", "23@d",
                                                       "24@d", "25@d", "26@d", "27@d", "28@d", "29@d"};
    for (begun = 0; wide.session.has_room(); ++begun) wide.begin({thirty});
    const std::string flight = wide.writes();
    CHECK(begun == 4);
    CHECK(flight.find("<2@x>") != std::string::npos);
    CHECK(flight.find("<3@x>") == std::string::npos);  // it waits for replies to the others
}

TEST_CASE("a mail that is refused here ends in its turn", "[smtp][client_pipelining]") {
    overlap client("250-mx|250-PIPELINING|250-CHUNKING|250 SIZE 50");
    client.begin({{"a@d"}});
    client.begin({{"b@d"}}, 51);
    client.begin({{"c@d"}});
    CHECK(client.writes() ==
          "MAIL FROM:<0@x> SIZE=10 RCPT TO:<a@d> BDAT 10 LAST [0]RSET MAIL FROM:<2@x> SIZE=10 RCPT TO:<c@d> BDAT 10 "
          "LAST [2]");
    CHECK(client.ended.empty());
    CHECK(client.hear({"250 ok", "250 ok", "250 first"}).empty());
    CHECK(client.ended == strings{"250 first", "552 5.3.4 Message is larger than the next host takes"});
}

// --- ends

TEST_CASE("421 in the middle says which content cannot have arrived", "[smtp][client_pipelining]") {
    overlap client(chunking);
    client.begin({{"a@d"}, {"b@d", "bb@d"}, {"c@d"}});
    CHECK_FALSE(client.writes().empty());
    CHECK(client.hear({"250 ok", "250 ok", "250 first", "250 reset", "250 ok"}).empty());
    SECTION("in an envelope") {
        CHECK(client.hear({"550 no", "421 bye"}).empty());
        const auto left = client.session.unfinished();
        REQUIRE(left.size() == 2);
        REQUIRE(left[0].statuses[0]);
        CHECK(left[0].statuses[0]->line() == "550 no");
        CHECK_FALSE(left[0].statuses[1]);
        CHECK_FALSE(left[0].content_sent);
        CHECK_FALSE(left[1].content_sent);
    }
    SECTION("after the content") {
        CHECK(client.hear({"250 ok", "250 ok", "421 bye"}).empty());
        const auto left = client.session.unfinished();
        REQUIRE(left.size() == 2);
        CHECK(left[0].statuses[0]->line() == "421 bye");
        CHECK(left[0].content_sent);
        CHECK_FALSE(left[1].statuses[0]);
        CHECK_FALSE(left[1].content_sent);
    }
    CHECK(client.failed_at() == client_stage::transaction);
    CHECK(client.ended == strings{"250 first"});
}

TEST_CASE("of a connection that is lost, all content that was written may have arrived", "[smtp][client_pipelining]") {
    overlap client(GENERATE(as<std::string>(), chunking, pipelining));
    const bool by_chunk = client.session.offered().chunking;
    client.begin({{"a@d"}, {"b@d"}});
    CHECK_FALSE(client.writes().empty());
    static_cast<void>(client.hear({"250 ok", "250 ok", by_chunk ? "250 first" : "354 go"}));
    client.session.on_lost(mail::status::transient("4.4.2", "gone"));
    CHECK(client.writes().empty());
    CHECK(client.failure() == "6 451 4.4.2 gone");
    const auto left = client.session.unfinished();
    REQUIRE(left.size() == (by_chunk ? 1U : 2U));
    CHECK(left.front().content_sent);
    if (!by_chunk) CHECK_FALSE(left.back().content_sent);
}

TEST_CASE("a host that does not know the BDAT that it offered is left at once", "[smtp][client_pipelining]") {
    // It takes the content for commands, and would answer the next mail with its replies to those.
    overlap client(chunking);
    client.begin({{"a@d"}, {"b@d"}});
    CHECK_FALSE(client.writes().empty());
    CHECK(client.hear({"250 ok", "250 ok", "502 what"}).empty());
    CHECK(client.failed_at() == client_stage::protocol);
    CHECK(client.session.unfinished().size() == 2);
}

TEST_CASE("a reply that is there before its command is found out", "[smtp][client_pipelining]") {
    overlap client(chunking);
    client.begin({{"a@d"}});
    // The driver has one at hand, and nothing is written yet.
    REQUIRE(std::holds_alternative<read_reply>(client.session.next(true)));
    client.session.on_reply(reply(250, "2.0.0 all that you will ever send"));
    CHECK(client.writes().empty());
    CHECK(client.failed_at() == client_stage::protocol);
    CHECK_FALSE(client.session.unfinished().at(0).content_sent);
}
