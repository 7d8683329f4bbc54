#include "waypost/smtp/content_codec.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace waypost::smtp;
using namespace std::string_literals;
using fault = content_decoder::fault;

namespace {

struct decoded {
    bool ended = false;
    content_decoder::fault fault = content_decoder::fault::none;
    std::string content;     // only of faultless content
    std::uint64_t bytes = 0;
    bool eight_bit = false;
    bool seems_ended = false;
    std::string rest;
    friend bool operator==(const decoded&, const decoded&) = default;
};
std::ostream& operator<<(std::ostream& out, const decoded& what) {
    return out << (what.ended ? "ended" : "open") << " fault " << static_cast<int>(what.fault) << " content '"
               << what.content << "' bytes " << what.bytes << (what.eight_bit ? " 8bit" : "")
               << (what.seems_ended ? " seems ended" : "") << " rest '" << what.rest << "'";
}

constexpr std::uint64_t no_limit = 1U << 30;

// `cuts` are offsets, in order, at which the input is split. What a bare LF is where it is no fault:
// bare_line_feed_test.cpp.
decoded decode(std::string_view all, const std::vector<std::size_t>& cuts = {}, std::uint64_t max_bytes = no_limit,
               std::size_t longest_line = content_decoder::default_longest_line) {
    content_decoder decoder(max_bytes, longest_line, bare_line_feed::refuse);
    decoded result;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= cuts.size() && !result.ended; ++i) {
        const std::size_t end = i < cuts.size() ? cuts[i] : all.size();
        const std::string copy(all.substr(begin, end - begin));  // so that a view kept too long is seen
        std::string_view input = copy;
        result.ended = decoder.decode(input, [&](std::string_view piece) { result.content += piece; });
        begin = end - input.size();
        CHECK((result.ended || input.empty()));
    }
    result.rest = all.substr(result.ended ? begin : all.size());
    result.fault = decoder.found();
    result.bytes = decoder.bytes();
    result.eight_bit = decoder.eight_bit();
    result.seems_ended = decoder.seems_ended();
    if (result.fault != fault::none) {
        result.content.clear();
        result.eight_bit = false;
    } else {
        CHECK(result.content.size() == result.bytes);
    }
    return result;
}

decoded decode_bytewise(std::string_view all, std::uint64_t max_bytes = no_limit,
                        std::size_t longest_line = content_decoder::default_longest_line) {
    std::vector<std::size_t> cuts;
    for (std::size_t i = 1; i < all.size(); ++i) cuts.push_back(i);
    return decode(all, cuts, max_bytes, longest_line);
}

// The result must be the same for every way to split into two and three, and into single bytes.
decoded decode_every_way(const std::string& all) {
    const decoded at_once = decode(all);
    CAPTURE(all);
    CHECK(decode_bytewise(all) == at_once);
    for (std::size_t i = 0; i <= all.size(); ++i) {
        for (std::size_t j = i; j <= all.size(); ++j) {
            if (decode(all, {i, j}) == at_once) continue;
            CAPTURE(i, j);
            CHECK(decode(all, {i, j}) == at_once);
        }
    }
    return at_once;
}

std::string printable(std::string_view bytes) {
    std::string shown;
    for (const char c : bytes)
        shown += c == '\r' ? "<CR>" : c == '\n' ? "<LF>" : c == '\0' ? "<NUL>" : std::string(1, c);
    return shown;
}

// The rules written down a second time, slowly: good line ends are CR LF without a CR before them.
decoded by_the_book(const std::string& all) {
    decoded result;
    const auto is_good_end = [&](std::size_t lf) {
        return lf > 0 && all[lf] == '\n' && all[lf - 1] == '\r' && (lf == 1 || all[lf - 2] != '\r');
    };
    std::size_t end = all.size();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if ((i == 0 || is_good_end(i - 1)) && all.compare(i, 3, ".\r\n") == 0) {
            end = i;
            result.ended = true;
            result.rest = all.substr(i + 3);
            break;
        }
    }
    for (std::size_t i = 0; i < end; ++i) {
        const bool bare_cr = all[i] == '\r' && i + 1 < all.size() && all[i + 1] != '\n';
        const bool bare_lf = all[i] == '\n' && (i == 0 || all[i - 1] != '\r');
        if (bare_cr || bare_lf) result.fault = fault::bare_line_end;
        if (all[i] == '\0' && result.fault == fault::none) result.fault = fault::nul_byte;
        if ((i == 0 || is_good_end(i - 1)) && all[i] == '.') continue;
        result.content += all[i];
        if (static_cast<unsigned char>(all[i]) > 0x7f) result.eight_bit = true;
    }
    if (result.fault != fault::none) {
        result.content.clear();
        result.eight_bit = false;
    }
    return result;
}

}  // namespace

TEST_CASE("only CRLF dot CRLF ends the content, and its CRLF belongs to the content", "[smtp][content_codec]") {
    const decoded plain = decode_every_way("Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n");
    CHECK(plain.ended);
    CHECK(plain.fault == fault::none);
    CHECK(plain.content == "Subject: x\r\n\r\nhello\r\n");
    CHECK(plain.rest == "QUIT\r\n");
    CHECK_FALSE(plain.eight_bit);
}

TEST_CASE("content may be empty", "[smtp][content_codec]") {
    const decoded empty = decode_every_way(".\r\nRSET\r\n");
    CHECK(empty.ended);
    CHECK(empty.bytes == 0);
    CHECK(empty.fault == fault::none);
    CHECK(empty.rest == "RSET\r\n");
}

TEST_CASE("a dot at the start of a line is taken away, once", "[smtp][content_codec]") {
    CHECK(decode_every_way("..\r\n.x\r\n...\r\na.\r\n.. \r\n. \r\n.\r\n").content ==
          ".\r\nx\r\n..\r\na.\r\n. \r\n \r\n");
}

TEST_CASE("no smuggling sequence ends the content", "[smtp][content_codec]") {
    // bad-input 1 to 4: each between lines, with what an attacker would want to be a command behind it
    const std::vector<std::string> sequences = {
        "\n.\n",        "\n.\r\n",     "\r\n.\n",     "\r.\r",         "\n.\r",        "\r.\n",         "\r.\r\n",
        "\r\n.\r",      "\r\r\n.\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n", "\r\n\0.\r\n"s, "\r\n.\0\r\n"s,  "\r\n.\r\0\n"s,
        "\r\0\n.\r\n"s, "\n\n.\r\n",   "\n\r.\r\n",   "\n.\n\r\n",     "\r\n.\n\r",    "\r\n.\r\r\r\n", "\x85.\r\n",
        "\r\n.\t\r\n",  "\r\n .\r\n",  "\r\n.\v\n",   "\x0b.\r\n"};
    for (const std::string& sequence : sequences) {
        CAPTURE(printable(sequence));
        const std::string inner = "MAIL FROM:<admin@victim>\r\nDATA\r\n";
        const decoded all = decode_every_way("text" + sequence + inner + "\r\n.\r\nQUIT\r\n");
        CHECK(all.ended);
        CHECK(all.rest == "QUIT\r\n");
        const bool has_bare = sequence.find_first_of("\r\n") != std::string::npos &&
                              by_the_book(sequence + "x").fault == fault::bare_line_end;
        if (has_bare) CHECK(all.fault == fault::bare_line_end);
    }
}

TEST_CASE("the same sequences at the very start end nothing", "[smtp][content_codec]") {
    for (const std::string start : {".\n", ".\r", ".\r\r\n", "\n.\r\n", "\r.\r\n", "\r\r\n.\r\n"}) {
        CAPTURE(printable(start));
        const decoded all = decode_every_way(start + "x\r\n.\r\nQUIT\r\n");
        CHECK(all.ended);
        CHECK(all.rest == "QUIT\r\n");
        CHECK(all.fault == fault::bare_line_end);
    }
}

TEST_CASE("a NUL is a fault wherever it stands, and not an end", "[smtp][content_codec]") {
    for (const std::string& text : {"\0.\r\n.\r\n"s, ".\0\r\n.\r\n"s, "a\0b\r\n.\r\n"s, "a\r\n.\0.\r\n.\r\n"s}) {
        const decoded all = decode_every_way(text);
        CAPTURE(printable(text));
        CHECK(all.ended);
        CHECK(all.rest.empty());
        CHECK(all.fault == fault::nul_byte);
    }
}

TEST_CASE("content without its end is not ended", "[smtp][content_codec]") {
    for (const char* text : {"", "a", "a\r", "a\r\n", "a\r\n.", "a\r\n.\r", ".", ".\r"}) {
        CAPTURE(printable(text));
        const decoded all = decode_every_way(text);
        CHECK_FALSE(all.ended);
        CHECK(all.fault == fault::none);
    }
}

TEST_CASE("content over the limit is eaten to its true end, whatever is in it", "[smtp][content_codec]") {
    CHECK(decode_bytewise("12345678\r\n.\r\n", 10).fault == fault::none);
    const decoded large = decode_bytewise("123456789\r\n.\r\nQUIT\r\n", 10);
    CHECK(large.fault == fault::too_big);
    CHECK(large.rest == "QUIT\r\n");
    CHECK(large.bytes == 11);
    // a bad dot behind the limit
    const decoded worse = decode_bytewise("1234567890123\r\nx\n.\r\nMAIL\r\n.\r\nQUIT\r\n", 10);
    CHECK(worse.ended);
    CHECK(worse.fault == fault::bare_line_end);
    CHECK(worse.rest == "QUIT\r\n");
}

TEST_CASE("a line may be as long as the limit and no longer, without its CRLF", "[smtp][content_codec]") {
    for (const std::size_t longest : {1U, 4U, 998U, 4096U}) {
        const std::string exact = std::string(longest, 'x') + "\r\n";
        CAPTURE(longest);
        CHECK(decode(exact + exact + ".\r\n", {}, no_limit, longest).fault == fault::none);
        CHECK(decode_bytewise(exact + exact + ".\r\n", no_limit, longest).fault == fault::none);
        const decoded longer = decode_bytewise(exact + "x" + exact + ".\r\nQUIT\r\n", no_limit, longest);
        CHECK(longer.fault == fault::line_too_long);
        CHECK(longer.rest == "QUIT\r\n");
        CHECK(decode(exact + "x" + exact + ".\r\nQUIT\r\n", {}, no_limit, longest) == longer);
        CHECK(decode_bytewise(".x" + exact + ".\r\n", no_limit, longest).fault == fault::line_too_long);
    }
    CHECK(decode(std::string(65'535, 'x') + "\r\n.\r\n").fault == fault::none);
    CHECK(decode(std::string(65'536, 'x') + "\r\n.\r\n").fault == fault::line_too_long);
}

TEST_CASE("a line of 100 MB costs no memory and no long time", "[smtp][content_codec]") {
    content_decoder decoder(35U << 20);
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 100; ++i) {
        std::string_view input = block;
        CHECK_FALSE(decoder.decode(input, [](std::string_view) {}));
    }
    CHECK(decoder.found() == fault::line_too_long);
    std::string_view end = "\r\n.\r\nQUIT\r\n";
    CHECK(decoder.decode(end, [](std::string_view) {}));
    CHECK(end == "QUIT\r\n");
}

TEST_CASE("bare CRs by the million are eaten in one pass", "[smtp][content_codec]") {
    // Looking for the next LF anew at each CR would take minutes here.
    std::string block;
    for (int i = 0; i < 2'000'000; ++i) block += "\rx";
    content_decoder decoder(no_limit);
    std::string_view input = block;
    CHECK_FALSE(decoder.decode(input, [](std::string_view) {}));
    content_encoder encoder;
    std::string out;
    encoder.encode(block, out);
    CHECK(out.size() == 6'000'000);
}

TEST_CASE("ordinary text is handed on in one piece, however many lines it has", "[smtp][content_codec]") {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "an ordinary line of text\r\n";
    const std::string all = text + "..\r\n" + text + ".\r\n";
    content_decoder decoder(no_limit);
    std::string_view input = all;
    std::vector<std::size_t> pieces;
    CHECK(decoder.decode(input, [&](std::string_view piece) { pieces.push_back(piece.size()); }));
    CHECK(pieces == std::vector<std::size_t>{text.size(), text.size() + 3});
}

TEST_CASE("bytes over 127 are noticed", "[smtp][content_codec]") {
    CHECK(decode_every_way("K\xc3\xb6ln\r\n.\r\n").eight_bit);
    CHECK(decode_every_way("x\r\n.\r\nK\xc3\xb6ln").eight_bit == false);
}

TEST_CASE("nothing is handed on after a fault", "[smtp][content_codec]") {
    content_decoder decoder(no_limit, content_decoder::default_longest_line, bare_line_feed::refuse);
    std::size_t handed_on = 0;
    const auto sink = [&](std::string_view piece) { handed_on += piece.size(); };
    std::string_view first = "good\r\nbad\nline";
    CHECK_FALSE(decoder.decode(first, sink));
    CHECK(handed_on == 0);
    std::string_view second = "\r\n..more\r\n.\r\n";
    CHECK(decoder.decode(second, sink));
    CHECK(handed_on == 0);
}

TEST_CASE("a client that ends its content with bare line ends can be noticed", "[smtp][content_codec]") {
    for (const char* text : {"a\n.\n", "a\n.\r\n", "a\r.\r", "a\r\r\n.\r\r\n", "a\r\nb\r\r\n.\r\n", ".\n", "\n\n.\n"}) {
        CAPTURE(printable(text));
        CHECK(decode_every_way(text).seems_ended);
        CHECK_FALSE(decode_every_way(text + "MAIL"s).seems_ended);
    }
    for (const char* text : {"", "a\n.", "a\n..\n", "a\r\n.\r", "a.\n", "a\n", "a\n \n"}) {
        CAPTURE(printable(text));
        CHECK_FALSE(decode_every_way(text).seems_ended);
    }
}

TEST_CASE("random bytes are decoded as by the book, however they are split", "[smtp][content_codec]") {
    std::mt19937 random(20260803);
    const std::string alphabet = "\r\r\r\n\n\n...ax\0\x80"s;
    for (int round = 0; round < 20'000; ++round) {
        std::string all;
        const std::size_t size = random() % 40;
        while (all.size() < size) all += alphabet[random() % alphabet.size()];
        if (round % 2 == 0) all += "\r\n.\r\nNOOP\r\n";
        std::vector<std::size_t> cuts;
        for (std::size_t i = 1; i < all.size(); ++i) {
            if (random() % 3 == 0) cuts.push_back(i);
        }
        const decoded split = decode(all, cuts);
        decoded expected = by_the_book(all);
        expected.bytes = split.bytes;
        expected.seems_ended = split.seems_ended;
        if (!split.ended) {  // the last bytes are not judged yet
            expected.content = split.content;
            expected.eight_bit = split.eight_bit;
        }
        CAPTURE(printable(all));
        if (!(split == expected)) CHECK(split == expected);
        if (const decoded whole = decode(all); !(whole == split)) CHECK(whole == split);
    }
}

// --- encoder

namespace {

std::string encode(std::string_view content, const std::vector<std::size_t>& cuts = {}) {
    content_encoder encoder;
    std::string out;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const std::size_t end = i < cuts.size() ? cuts[i] : content.size();
        const std::string_view piece = content.substr(begin, end - begin);
        begin = end;
        if (encoder.passes(piece)) {
            encoder.passed(piece);
            out += piece;
        } else {
            encoder.encode(piece, out);
        }
    }
    return out += encoder.end();
}

// Without the short cut of passes(), to see that it changes nothing.
std::string encode_slowly(std::string_view content) {
    content_encoder encoder;
    std::string out;
    for (const char c : content) encoder.encode(std::string_view(&c, 1), out);
    return out += encoder.end();
}

}  // namespace

TEST_CASE("dots at line starts are doubled and the end is added", "[smtp][content_codec]") {
    CHECK(encode("") == ".\r\n");
    CHECK(encode("a\r\n") == "a\r\n.\r\n");
    CHECK(encode("a") == "a\r\n.\r\n");
    CHECK(encode(".\r\n..\r\na.b\r\n.") == "..\r\n...\r\na.b\r\n..\r\n.\r\n");
    CHECK(encode("a\r") == "a\r\n.\r\n");
}

TEST_CASE("bare CR and LF leave as CRLF", "[smtp][content_codec]") {
    CHECK(encode("a\n.b\rc\r\r\n") == "a\r\n..b\r\nc\r\n\r\n.\r\n");
    CHECK(encode("\n\n") == "\r\n\r\n.\r\n");
    CHECK(encode("\r.\r\nx") == "\r\n..\r\nx\r\n.\r\n");
}

TEST_CASE("what needs no change passes as it is", "[smtp][content_codec]") {
    content_encoder encoder;
    CHECK(encoder.passes("Subject: x\r\n\r\na.b\r\n"));
    CHECK(encoder.passes(""));
    CHECK_FALSE(encoder.passes(".a"));
    CHECK_FALSE(encoder.passes("\n"));
    CHECK_FALSE(encoder.passes("a\nb"));
    CHECK_FALSE(encoder.passes("a\rb"));
    CHECK_FALSE(encoder.passes("a\r\n.b"));
    encoder.passed("a");
    CHECK(encoder.passes(".a"));
    CHECK_FALSE(encoder.passes("\nb"));
    encoder.passed("\r");
    CHECK(encoder.passes("\nb"));
    CHECK_FALSE(encoder.passes("b"));
    CHECK_FALSE(encoder.passes("\r\n"));
}

TEST_CASE("the encoder begins anew after the end", "[smtp][content_codec]") {
    content_encoder encoder;
    encoder.passed("a\r");
    CHECK(encoder.end() == "\n.\r\n");
    CHECK(encoder.end() == ".\r\n");
}

TEST_CASE("decoding what was encoded gives the content back, however both were split", "[smtp][content_codec]") {
    std::mt19937 random(20260816);
    const std::vector<std::string> words = {"\r\n", "\r\n", ".", "..", "a", "xyz", "\xc3\xb6", " "};
    for (int round = 0; round < 5000; ++round) {
        std::string content;
        const std::size_t count = random() % 20;
        for (std::size_t i = 0; i < count; ++i) content += words[random() % words.size()];
        if (!content.empty()) content += "\r\n";
        const auto cuts_of = [&](const std::string& text) {
            std::vector<std::size_t> cuts;
            for (std::size_t i = 1; i < text.size(); ++i) {
                if (random() % 3 == 0) cuts.push_back(i);
            }
            return cuts;
        };
        const std::string wire = encode(content, cuts_of(content));
        CAPTURE(printable(content), printable(wire));
        CHECK(wire == encode(content));
        CHECK(wire == encode_slowly(content));
        const decoded again = decode(wire, cuts_of(wire));
        CHECK(again.ended);
        CHECK(again.content == content);
        CHECK(again.rest.empty());
        CHECK(again.fault == fault::none);
    }
}

TEST_CASE("whatever is encoded, nothing in it ends the content early or is a bare line end", "[smtp][content_codec]") {
    std::mt19937 random(20260817);
    const std::string alphabet = "\r\r\n\n..a\x80"s;
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        const std::size_t size = random() % 30;
        while (bytes.size() < size) bytes += alphabet[random() % alphabet.size()];
        std::vector<std::size_t> cuts;
        for (std::size_t i = 1; i < bytes.size(); ++i) {
            if (random() % 3 == 0) cuts.push_back(i);
        }
        const std::string wire = encode(bytes, cuts);
        const decoded again = decode(wire);
        CAPTURE(printable(bytes), printable(wire));
        if (!again.ended || !again.rest.empty() || again.fault != fault::none) CHECK(again == decoded{});
        if (wire != encode_slowly(bytes)) CHECK(wire == encode_slowly(bytes));
    }
}

TEST_CASE("a text has whole lines only if every CR has its LF and every LF its CR", "[smtp][content_codec]") {
    for (const std::string_view good : {"", "a", "\r\n", "a\r\n\r\n.b\r\nc"}) CHECK(has_only_crlf(good));
    for (const std::string_view bad : {"\n", "\r", "a\n", "a\r", "\na", "\r\r\n", "\r\n\n", "a\rb\r\n", "a\nb\r\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(has_only_crlf(bad));
    }
}
