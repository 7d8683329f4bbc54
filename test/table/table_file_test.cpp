#include "table_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace waypost::table;

namespace {

using rows = std::vector<std::pair<std::string, std::string>>;

entries good(std::string_view text) {
    auto parsed = parse_table_file(text);
    if (auto* fault = std::get_if<file_fault>(&parsed)) {
        FAIL("line " << fault->line << ": " << fault->text);
    }
    return std::get<entries>(std::move(parsed));
}

std::size_t faulty_line(std::string_view text) {
    auto parsed = parse_table_file(text);
    REQUIRE(std::holds_alternative<file_fault>(parsed));
    CHECK_FALSE(std::get<file_fault>(parsed).text.empty());
    return std::get<file_fault>(parsed).line;
}

class temporary_folder {
public:
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "table_file_XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path = name;
    }
    ~temporary_folder() { std::filesystem::remove_all(path); }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    std::filesystem::path path;
};

}  // namespace

TEST_CASE("a key ends at a blank or a colon, and the rest of the line is its value", "[table][table_file]") {
    const entries found = good(
        "bleh gilles:password\n"
        "root:gilles\n"
        "postmaster: root\n"
        "abuse : root, eric\n"
        "\tindented\t \tvalue with blanks \n"
        "label :secret\n");
    CHECK(found.is_map);
    CHECK(found.rows == rows{{"bleh", "gilles:password"},
                             {"root", "gilles"},
                             {"postmaster", "root"},
                             {"abuse", "root, eric"},
                             {"indented", "value with blanks "},
                             {"label", ":secret"}});
}

TEST_CASE("the first entry decides whether a file is a list or a map", "[table][table_file]") {
    const entries list = good("# domains\n\nexample.org\n  example.net  \n");
    CHECK_FALSE(list.is_map);
    CHECK(list.rows == rows{{"example.org", ""}, {"example.net", ""}});

    CHECK(faulty_line("example.org\nexample.net yes\n") == 2);
    CHECK(faulty_line("root: gilles\n\n# comment\neric\n") == 4);
}

TEST_CASE("a file without entries is an empty map", "[table][table_file]") {
    CHECK(good("").rows.empty());
    CHECK(good("").is_map);
    CHECK(good("# nothing\n\n   \n").rows.empty());
}

TEST_CASE("@list in front makes each line one entry", "[table][table_file]") {
    const entries found = good("# @list\n2001:db8::1\n^a b: c$  \n# comment\n192.0.2.0/24\n");
    CHECK_FALSE(found.is_map);
    CHECK(found.rows == rows{{"2001:db8::1", ""}, {"^a b: c$", ""}, {"192.0.2.0/24", ""}});
    CHECK(good("#@list\n::1\n").rows == rows{{"::1", ""}});

    SECTION("behind the first entry it is a comment like any other") { CHECK(good("a b\n# @list\nc d\n").is_map); }
}

TEST_CASE("there are no comments behind an entry", "[table][table_file]") {
    CHECK(good("label user:pass#word # really\n").rows == rows{{"label", "user:pass#word # really"}});
}

TEST_CASE("CRLF, a byte order mark and a last line that is cut short are taken", "[table][table_file]") {
    CHECK(good("\xef\xbb\xbfroot: gilles\r\neric: root\r\n").rows == rows{{"root", "gilles"}, {"eric", "root"}});
    CHECK(good("root: gilles\neric: ro").rows == rows{{"root", "gilles"}, {"eric", "ro"}});
    CHECK(good("a\nb").rows == rows{{"a", ""}, {"b", ""}});
}

TEST_CASE("a NUL, an endless key and a missing key are faults with their line", "[table][table_file]") {
    CHECK(faulty_line(std::string_view("a\nb\0\n", 5)) == 2);
    CHECK(faulty_line("a\n" + std::string(1025, 'k') + "\n") == 2);
    CHECK(good(std::string(1024, 'k') + "\n").rows.size() == 1);
    CHECK(faulty_line("a: b\n: c\n") == 2);
    CHECK(faulty_line("# @list\n" + std::string(1025, 'k')) == 2);
}

TEST_CASE("any bytes give entries or a fault", "[table][table_file]") {
    std::uint32_t state = 7;
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (int i = 0; i < 40; ++i) {
            state = state * 1664525U + 1013904223U;
            text.push_back("ab :\t\n\r#@\0l,\xef\xbb\xbf"[(state >> 24) % 15]);
        }
        const auto parsed = parse_table_file(text);
        if (const auto* fault = std::get_if<file_fault>(&parsed)) {
            CHECK(fault->line >= 1);
        }
    }
}

TEST_CASE("a table file is a regular file", "[table][table_file]") {
    const temporary_folder folder;
    const std::string path = (folder.path / "rows").string();

    SECTION("one that is there is read") {
        std::ofstream(path) << "root: gilles\n";
        const auto read = read_table_file(path);
        REQUIRE(std::holds_alternative<entries>(read));
        CHECK(std::get<entries>(read).rows == rows{{"root", "gilles"}});
    }
    SECTION("one of more than a block is read to its end") {
        {
            std::ofstream out(path);
            for (int i = 0; i < 20000; ++i) out << "key" << i << ": value\n";
        }
        const auto read = read_table_file(path);
        REQUIRE(std::holds_alternative<entries>(read));
        CHECK(std::get<entries>(read).rows.size() == 20000);
        CHECK(std::get<entries>(read).rows.back().first == "key19999");
    }
    SECTION("one that is not there, a directory and a FIFO are faults") {
        CHECK(std::holds_alternative<file_fault>(read_table_file(path)));
        CHECK(std::holds_alternative<file_fault>(read_table_file(folder.path.string())));
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        const auto read = read_table_file(path);
        REQUIRE(std::holds_alternative<file_fault>(read));
        CHECK(std::get<file_fault>(read).text == "it is not a regular file");
    }
}

TEST_CASE("audit 45: a comment behind an entry is blamed where it stands", "[table][table_file]") {
    CHECK(faulty_line("# head\na.example  # the first\nb.example\nc.example\n") == 2);
    CHECK(faulty_line("a.example\nb.example # the second\nc.example\n") == 2);
    CHECK(faulty_line("a one\nb # nothing\nc\n") == 3);
    const auto parsed = parse_table_file("a.example # x\nb.example\n");
    CHECK(std::get<file_fault>(parsed).text.find("comment") != std::string::npos);
    CHECK(good("a #1\nb #2\n").rows == rows{{"a", "#1"}, {"b", "#2"}});
}
