#include "waypost/mail/trace.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace waypost::mail;
using std::chrono::sys_days;
using std::chrono::system_clock;
using namespace std::chrono_literals;

namespace {

const system_clock::time_point evening = sys_days{2026y / 11 / 22} + 19h + 27min;

received full() {
    return {.helo = "client.example",
            .rdns = "mail.client.example",
            .address = "192.0.2.1",
            .host = "mx.example.org",
            .protocol = "ESMTPSA",
            .id = "0000000000000abc",
            .tls = "TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO",
            .authenticated = "alice",
            .only_recipient = "bob@example.org",
            .time = evening};
}

std::size_t count_hops(std::string_view content, std::size_t piece) {
    hop_counter hops;
    for (; !content.empty(); content.remove_prefix(std::min(piece, content.size())))
        hops.feed(content.substr(0, piece));
    return hops.received_fields();
}

/// Every CR is followed by LF, every LF is preceded by CR, all lines but the first begin with a tab, none is too long,
/// and every byte is printable.
bool is_one_field(std::string_view field) {
    if (!field.starts_with("Received: ") || !field.ends_with("\r\n")) return false;
    while (!field.empty()) {
        const std::size_t end = field.find("\r\n");
        const std::string_view line = field.substr(0, end);
        if (line.size() > 998 || line.find_first_of("\r\n") != std::string_view::npos) return false;
        for (const char c : line) {
            if (c != '\t' && (c < ' ' || c > '~')) return false;
        }
        field.remove_prefix(end + 2);
        if (!field.empty() && field.front() != '\t') return false;
    }
    return true;
}

}  // namespace

TEST_CASE("a Received field says who, where, how, for whom and when", "[mail][trace]") {
    CHECK(format_received(full()) ==
          "Received: from client.example (mail.client.example [192.0.2.1])\r\n"
          "\tby mx.example.org (waypost) with ESMTPSA id 0000000000000abc\r\n"
          "\t(TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO)\r\n"
          "\t(auth=yes user=alice)\r\n"
          "\tfor <bob@example.org>;\r\n"
          "\tSun, 22 Nov 2026 19:27:00 +0000\r\n");
}

TEST_CASE("a Received field leaves out what there is not", "[mail][trace]") {
    CHECK(format_received({.helo = "c",
                           .rdns = "",
                           .address = "[IPv6:2001:db8::1]",
                           .host = "mx",
                           .protocol = "SMTP",
                           .id = "1",
                           .time = evening}) ==
          "Received: from c (<unknown> [IPv6:2001:db8::1])\r\n"
          "\tby mx (waypost) with SMTP id 1;\r\n"
          "\tSun, 22 Nov 2026 19:27:00 +0000\r\n");
}

TEST_CASE("an IPv6 address gets its tag", "[mail][trace]") {
    received hop = full();
    hop.address = "2001:db8::1";
    CHECK(format_received(hop).find(" [IPv6:2001:db8::1])\r\n") != std::string::npos);
}

TEST_CASE("with a masked source nothing tells where the mail came from", "[mail][trace]") {
    received hop = full();
    hop.address.clear();
    CHECK(format_received(hop).starts_with("Received: by mx.example.org (waypost) with ESMTPSA id"));
    CHECK(format_received(hop).find("client") == std::string::npos);
}

TEST_CASE("a recipient is shown with its quoting or not at all", "[mail][trace]") {
    received hop = full();
    hop.only_recipient = "\"a) (b>;\"@example.org";
    CHECK(format_received(hop).find("\tfor <\"a) (b>;\"@example.org>;\r\n") != std::string::npos);
    hop.only_recipient = "a>;\r\nX: y@example.org";
    CHECK(format_received(hop).find("for <") == std::string::npos);
}

TEST_CASE("no part breaks out of a Received field", "[mail][trace]") {
    received hop = full();
    hop.helo = "a) (b; Sat\r\nX-Evil: yes\r\n\r\nbody";
    CHECK(format_received(hop).starts_with("Received: from a???b??Sat??X-Evil:?yes????body (mail"));
    hop.helo = "";
    CHECK(format_received(hop).starts_with("Received: from unknown (mail"));
    hop.authenticated = "al)ice\\";
    CHECK(format_received(hop).find("(auth=yes user=al?ice?)") != std::string::npos);

    std::mt19937 random(5);
    for (int round = 0; round < 20'000; ++round) {
        received noise;
        noise.time = evening;
        for (std::string* part : {&noise.helo, &noise.rdns, &noise.address, &noise.host, &noise.protocol, &noise.id,
                                  &noise.tls, &noise.authenticated, &noise.only_recipient}) {
            part->resize(random() % 8 == 0 ? random() % 3000 : random() % 8);
            for (char& c : *part) c = static_cast<char>(random());
        }
        REQUIRE(is_one_field(format_received(noise)));
    }
}

TEST_CASE("a date is that of RFC 5322 in UTC", "[mail][trace]") {
    CHECK(format_date(evening) == "Sun, 22 Nov 2026 19:27:00 +0000");
    CHECK(format_date(system_clock::from_time_t(0)) == "Thu, 01 Jan 1970 00:00:00 +0000");
    CHECK(format_date(sys_days{2024y / 2 / 29} + 23h + 59min + 59s + 999ms) == "Thu, 29 Feb 2024 23:59:59 +0000");
    CHECK(format_date(sys_days{1969y / 12 / 31} + 23h) == "Wed, 31 Dec 1969 23:00:00 +0000");
    CHECK(format_date(system_clock::time_point::max()).size() == 31);
    CHECK(format_date(system_clock::time_point::min()).size() == 31);
}

TEST_CASE("hops are counted in the header section only, in pieces of any size", "[mail][trace]") {
    const std::string content =
        "Received: from a\r\n\tby b\r\nRECEIVED:from c\r\nDelivered-To: x@y\r\ndelivered-to:x\r\nReceive: "
        "no\r\nX-Received: no\r\n Received: folded\r\n"
        "Received-SPF: no\r\nDelivered-Too: no\r\nR\r\n\r\nReceived: in the body\r\n\r\nReceived: too\r\n";
    for (std::size_t piece = 1; piece <= content.size(); ++piece) {
        INFO(piece);
        CHECK(count_hops(content, piece) == 4);
    }
}

TEST_CASE("content without header section or without end is counted too", "[mail][trace]") {
    CHECK(count_hops("", 1) == 0);
    CHECK(count_hops("\r\nReceived: no\r\n", 3) == 0);
    CHECK(count_hops("Received: a\r\n", 4) == 1);
    CHECK(count_hops("Received: without an end", 100) == 1);
    CHECK(count_hops("Received: a\nReceived: b\n\nReceived: no\n", 2) == 2);
    CHECK(count_hops("\rReceived: no\r\n", 5) == 0);
}

// Hostile input, class 57.
TEST_CASE("counting hops in a huge header section is no work", "[mail][trace]") {
    std::string content;
    for (int i = 0; i < 100'000; ++i) content += "Received: from somewhere by somewhere\r\n";
    content += "X: " + std::string(10'000'000, 'x');
    CHECK(count_hops(content, 4096) == 100'000);
}
