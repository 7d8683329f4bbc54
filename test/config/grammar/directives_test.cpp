#include <catch2/catch.hpp>

#include "config/texts.hpp"

using namespace waypost::config;
using namespace std::chrono_literals;

TEST_CASE("settings of the queue, the sessions and the log", "[config][directives]") {
    const model what = model_of(
        lines({"hostname mx.example.org", "queue path \"var/spool\"", "queue ttl 2d", "queue reserve 1G",
               "queue retry base 5m local-base 20s", "queue retry max 1h jitter 25%", "bounce warn-interval 1d, 4h, 1d",
               "smtp max-message-size 50M", "smtp limit max-rcpt 10 max-mails 20",
               "resolver 192.0.2.53, [2001:db8::53]:5353", "log format json"}));
    CHECK(what.hostname->text == "mx.example.org");
    CHECK(what.queue_path.text == "var/spool");
    CHECK(what.queue.ttl == 48h);
    CHECK(what.spool.reserve == 1ULL << 30);
    CHECK(what.queue.retry.base == 5min);
    CHECK(what.queue.retry.local_base == 20s);
    CHECK(what.queue.retry.longest == 1h);
    CHECK(what.queue.retry.jitter_percent == 25);
    CHECK(what.queue.warn_intervals == std::vector<std::chrono::seconds>{4h, 24h});
    CHECK(what.session.max_message_size == 50U << 20);
    CHECK(what.session.max_recipients == 10);
    CHECK(what.session.max_transactions == 20);
    REQUIRE(what.resolvers.size() == 2);
    CHECK(what.resolvers[1].text == "[2001:db8::53]:5353");
    CHECK(what.log_format == waypost::observe::log_format::json);
}

TEST_CASE("without a word of it, everything has its default", "[config][directives]") {
    const model what = model_of("");
    CHECK_FALSE(what.hostname);
    CHECK(what.queue_path.text == "/var/spool/waypost");
    CHECK(what.queue.ttl == 96h);
    CHECK_FALSE(what.spool.reserve);
    CHECK(what.queue.retry.base == 400s);
    CHECK(what.queue.retry.local_base == 10s);
    CHECK(what.queue.retry.longest == 4h);
    CHECK(what.queue.retry.jitter_percent == 10);
    CHECK(what.queue.warn_intervals == std::vector<std::chrono::seconds>{4h});
    CHECK(what.session.max_message_size == 35U << 20);
    CHECK(what.session.max_recipients == 1000);
    CHECK(what.session.max_transactions == 0);
    CHECK(what.resolvers.empty());
    CHECK_FALSE(what.log_format);
}

TEST_CASE("the settings of 2012", "[config][directives]") {
    const model what = model_of(lines({"expire 12h", "max-message-size 10K"}));
    CHECK(what.queue.ttl == 12h);
    CHECK(what.session.max_message_size == 10240);
}

TEST_CASE("limits of smtp may stand in braces", "[config][directives]") {
    CHECK(model_of("smtp limit { max-rcpt 10 max-mails 20 }").session.max_transactions == 20);
    CHECK(model_of("smtp limit { max-rcpt 10, max-mails 20 }").session.max_transactions == 20);
    CHECK(model_of("smtp limit {\n max-rcpt 10\n max-mails 20,\n}").session.max_transactions == 20);
    CHECK(fault_of("smtp limit { max-rcpt 10") == "t:1:25: expected \"}\", found the end of the file");
    CHECK(fault_of("smtp limit { max-rctp 10 }") ==
          "t:1:14: unknown limit of \"smtp\" \"max-rctp\"; did you mean \"max-rcpt\"?");
}

TEST_CASE("every limit and every time limit of a session can be set", "[config][directives]") {
    const model what = model_of(lines({"smtp limit max-errors 5 max-line 998 max-received 30 max-sessions 50",
                                       "smtp limit max-envelopes 7 max-sessions-per-address 8 "
                                       "max-sessions-per-network 9 max-content-memory 2M min-rate 0",
                                       "smtp timeout command 1m content 30s handshake 10s session 2h"}));
    CHECK(what.session.max_errors == 5);
    CHECK(what.inbound.longest_line == 998);
    CHECK(what.inbound.max_received_fields == 30);
    CHECK(what.inbound.max_sessions == 50);
    CHECK(what.inbound.times.command == 1min);
    CHECK(what.inbound.times.content == 30s);
    CHECK(what.inbound.times.handshake == 10s);
    CHECK(what.inbound.max_envelopes == 7);
    CHECK(what.inbound.max_sessions_of_client == 8);
    CHECK(what.inbound.max_sessions_of_network == 9);
    CHECK(what.inbound.content_memory == 2U << 20);
    CHECK(what.inbound.min_rate == 0);
    CHECK(what.inbound.times.session == 2h);
    CHECK(print(model_of(print(what))) == print(what));
    CHECK(fault_of("smtp limit max-line 100") ==
          "t:1:21: \"100\" is not a number of octets; write a number from 998 to 1000000");
    CHECK(fault_of("smtp timeout comand 1m") ==
          "t:1:14: unknown timeout of \"smtp\" \"comand\"; did you mean \"command\"?");
}

TEST_CASE("times have a number and one unit", "[config][directives]") {
    CHECK(model_of("queue ttl 30s").queue.ttl == 30s);
    CHECK(model_of("queue ttl 5m").queue.ttl == 5min);
    CHECK(model_of("queue ttl \"4d\"").queue.ttl == 96h);
    for (const std::string bad :
         {"0s", "4", "d", "4w", "1h30m", "-4h", "4.5h", "99999999999d", "18446744073709551615d"}) {
        CHECK(fault_of("queue ttl " + bad) ==
              "t:1:11: \"" + bad + "\" is no time; write a number and one of s, m, h, d, as in 4h");
    }
}

TEST_CASE("sizes have a number and perhaps a unit", "[config][directives]") {
    CHECK(model_of("smtp max-message-size 1000").session.max_message_size == 1000);
    CHECK(model_of("smtp max-message-size 2k").session.max_message_size == 2048);
    CHECK(model_of("smtp max-message-size 1G").session.max_message_size == 1U << 30);
    for (const std::string bad : {"0", "0M", "M", "10T", "10MB", "-1", "99999999999999G", "18446744073709551616"}) {
        CHECK(fault_of("smtp max-message-size " + bad) ==
              "t:1:23: \"" + bad + "\" is no size; write a number of bytes, or of K, M or G, as in 35M");
    }
}

TEST_CASE("faults of settings", "[config][directives]") {
    CHECK(fault_of("lisen on all") == "t:1:1: unknown directive \"lisen\"; did you mean \"listen\"?");
    CHECK(fault_of("inclde \"x\"") == "t:1:1: unknown directive \"inclde\"; did you mean \"include\"?");
    CHECK(fault_of("banana split") == "t:1:1: unknown directive \"banana\"");
    CHECK(fault_of("\"listen\" on all") == "t:1:1: expected a directive, found \"listen\"");
    CHECK(fault_of("} x") == "t:1:1: expected a directive, found \"}\"");
    CHECK(fault_of("queue") == "t:1:6: expected a setting of \"queue\", found the end of the line");
    CHECK(fault_of("queue tll 4d") == "t:1:7: unknown setting of \"queue\" \"tll\"; did you mean \"ttl\"?");
    CHECK(fault_of("queue ttl") == "t:1:10: expected a time, found the end of the line");
    CHECK(fault_of("queue retry") == "t:1:12: expected a setting of \"queue retry\", found the end of the line");
    CHECK(fault_of("queue retry bse 4m") ==
          "t:1:13: unknown setting of \"queue retry\" \"bse\"; did you mean \"base\"?");
    for (const std::string bad : {"10", "%", "51%", "-1%", "ten%", "10%%", "18446744073709551617%"}) {
        CHECK(fault_of("queue retry jitter " + bad) ==
              "t:1:20: \"" + bad + "\" is no percentage; write one from 0% to 50%, as in 10%");
    }
    CHECK(fault_of("queue reserve") == "t:1:14: expected a size, found the end of the line");
    CHECK(fault_of("queue path") == "t:1:11: expected a directory, found the end of the line");
    CHECK(fault_of("queue path \"\"") == "t:1:12: an empty string where a directory is wanted");
    CHECK(fault_of("smtp") == "t:1:5: expected a setting of \"smtp\", found the end of the line");
    for (const std::string word : {"mta", "mda", "srs"}) {
        CHECK(fault_of(word) == "t:1:4: expected a setting of \"" + word + "\", found the end of the line");
    }
    CHECK(fault_of("smtp timeout") == "t:1:13: expected a timeout of \"smtp\", found the end of the line");
    CHECK(fault_of("smtp limit max-rcpt 0") ==
          "t:1:21: \"0\" is not a number of recipients; write a number from 1 to 1000000");
    CHECK(fault_of("smtp limit max-mails many") ==
          "t:1:22: \"many\" is not a number of messages; write a number from 1 to 1000000");
    CHECK(fault_of("hostname \"a b\"") == "t:1:10: \"a b\" is not a host name; write it like mail.example.org");
    CHECK(fault_of("bounce") ==
          "t:1:7: expected \"warn-interval\", found the end of the line; write bounce warn-interval 4h");
    CHECK(fault_of("bounce warn-interval 1h, 2h, 3h, 4h, 5h") == "t:1:38: more than four warnings; remove \"5h\"");
    CHECK(fault_of("bounce warn-interval 1h,") == "t:1:25: expected a time, found the end of the line");
    CHECK(fault_of("resolver") == "t:1:9: expected the address of a DNS server, found the end of the line");
    CHECK(fault_of("log json") ==
          "t:1:5: expected \"format\", found \"json\"; write log format text or log format json");
    CHECK(fault_of("log format jsno") == "t:1:12: unknown log format \"jsno\"; did you mean \"json\"?");
    CHECK(fault_of("log format") == "t:1:11: expected \"text\" or \"json\", found the end of the line");
    CHECK(fault_of("expire 4d now") == "t:1:11: expected the end of the line, found \"now\"");
}

TEST_CASE("directives that are not built are named", "[config][directives]") {
    for (const std::string word : {"admd", "admin", "filter", "limit", "map", "proc", "scheduler"}) {
        CHECK(fault_of(word + " x { y, z }") == "t:1:1: \"" + word + "\" is not built yet; remove it");
    }
    CHECK(fault_of("queue compression") == "t:1:7: \"compression\" is not built yet; remove it");
    CHECK(fault_of("queue encryption key") == "t:1:7: \"encryption\" is not built yet; remove it");
    CHECK(fault_of("smtp ciphers x") == "t:1:6: \"ciphers\" is not built yet; remove it");
}

TEST_CASE("a tag follows one character that an address may hold", "[config][directives]") {
    CHECK(model_of("").delivery.tag_delimiter == '+');
    CHECK(model_of("smtp sub-addr-delim -").delivery.tag_delimiter == '-');
    CHECK(model_of("smtp sub-addr-delim \"=\"").delivery.tag_delimiter == '=');
    for (const std::string bad : {"x", "7", "\"@\"", "\"/\"", "\" \"", "++"}) {
        CHECK_THAT(fault_of("smtp sub-addr-delim " + bad), Catch::Contains("cannot stand between"));
    }
}

TEST_CASE("all faults of a file are reported, each line by itself", "[config][directives]") {
    CHECK(faults_of(lines({"lisen on all", "queue ttl 4", "listen on all", "match for any acton x"})).size() == 3);
}

TEST_CASE("a file that is no configuration has a bearable number of faults", "[config][directives]") {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "banana {\n";
    const auto faults = faults_of(text);
    REQUIRE(faults.size() == 51);
    CHECK(faults.back() == "t:51:1: too many faults; the rest of them is not shown");
}
