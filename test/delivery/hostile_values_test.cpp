// What a stranger writes as an address, against commands whose programs read an argument as code. Those whose code is
// around the value are refused when they are loaded; the others are given words.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <random>

#include "support/temporary_directory.hpp"
#include "waypost/delivery/command.hpp"
#include "waypost/process/io.hpp"
#include "waypost/process/spawn.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using delivery::command;
using delivery::format_values;

namespace {

struct interpreter {
    const char* program;  // has to be installed for the line to be run
    const char* line;
};

constexpr std::array<interpreter, 42> interpreters{{
    {"perl", "perl -e 'print q(%{sender})'"},
    {"perl", "perl -e 'print \"%{sender}\"'"},
    {"perl", "perl -ne 'print if /^From: %{sender}/'"},
    {"perl", "perl -e %{sender}"},
    {"python3", "python3 -c 'print(\"%{sender}\")'"},
    {"python3", "python3 -c \"print('%{rcpt}')\""},
    {"python3", "python3 -c 'print(\"\"\"%{sender.user}\"\"\")'"},
    {"php", "php -r 'print \"%{sender}\";'"},
    {"php", "php -r \"print '%{rcpt}';\""},
    {"ruby", "ruby -e 'print \"%{sender}\"'"},
    {"node", "node -e 'console.log(\"%{sender}\")'"},
    {"tclsh", "tclsh /dev/stdin %{sender}"},
    {"awk", "awk 'BEGIN { print \"%{sender}\"; exit }'"},
    {"awk", "awk '/^From: %{sender.user}/ { print }'"},
    {"awk", "awk -v 'sender=%{sender}' 'BEGIN { print sender; exit }'"},
    {"sqlite3", "sqlite3 :memory: 'SELECT \"%{sender}\"'"},
    {"sqlite3", "sqlite3 :memory: \".print '%{sender}'\""},
    {"env", "env -S 'echo %{sender}'"},
    {"env", "env -S %{sender}"},
    {"script", "script -q -c 'echo %{sender}' /dev/null"},
    {"watch", "timeout 1 watch -g -n 1 'echo %{sender}'"},
    {"sh", "sh %{sender}"},
    {"flock", "flock lock -c 'echo %{sender}'"},
    {"flock", "flock lock -c %{sender}"},
    {"find", "find . -maxdepth 0 -exec sh -c 'echo %{sender}' ;"},
    {"find", "find . -maxdepth 0 -exec flock lock -c 'echo %{sender}' ';'"},
    {"xargs", "xargs -n 1 -I {} flock lock -c 'echo {} %{sender}'"},
    {"sed", "sed '1e echo %{sender}'"},
    {"sed", "sed 's/%{sender}/x/'"},
    {"make", "make -f /dev/null --eval 'x:; @echo %{sender}' x"},
    {"ssh", "ssh -o 'ProxyCommand=echo %{sender}' localhost"},
    {"sh", "sh %{sender.user}"},
    {"perl", "perl %{sender.user}"},
    {"perl", "perl -e%{sender.user}"},
    {"python3", "python3 %{sender}"},
    {"awk", "awk %{sender}"},
    {"awk", "awk -f %{sender.user}"},
    {"sed", "sed %{sender.user}"},
    {"sqlite3", "sqlite3 %{sender.user}"},
    {"xargs", "xargs -I%{sender.user} true"},
    {"make", "make -f/dev/null SENDER=%{sender}"},
    {"env", "env SENDER=%{sender} true"},
}};

/// Octets that no text around a value of theirs gives a meaning.
bool is_inert(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-+=^_@.:").find(c) != std::string_view::npos;
}

class strangers {
public:
    /// One of every form that RFC 5321 has: dot-string or quoted local part, name or literal behind it.
    std::string address() {
        for (;;) {
            const std::string text = local_part() + "@" + domain();
            if (mail::mailbox::parse(text)) return text;
        }
    }
    unsigned below(unsigned n) { return static_cast<unsigned>(chance_() % n); }

private:
    std::string local_part() { return below(4) == 0 ? dot_string() : quoted(); }
    std::string dot_string() {
        static constexpr std::string_view atext =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";
        std::string text(1, atext[below(atext.size())]);
        for (unsigned more = below(30); more > 0; --more) {
            if (below(6) == 0 && text.back() != '.') text += '.';
            text += atext[below(atext.size())];
        }
        return text;
    }
    std::string quoted() {
        static constexpr std::string_view bits[] = {"\"",
                                                    "'",
                                                    "`",
                                                    "$(touch marker)",
                                                    "`touch marker`",
                                                    ";touch marker;",
                                                    "|touch marker|",
                                                    "&touch marker&",
                                                    "\");system(\"touch marker\");(\"",
                                                    "');system('touch marker');('",
                                                    ")),system(q(touch marker)),q((",
                                                    "@{[system(q(touch marker))]}",
                                                    "\"\"\"+str(open('marker','w'))+\"\"\"",
                                                    "#{system('touch marker')}",
                                                    "\"; .shell touch marker",
                                                    "[exec touch marker]",
                                                    "%{rcpt}",
                                                    "$(shell touch marker)",
                                                    "/e;",
                                                    "{{",
                                                    "\\",
                                                    "../",
                                                    "-",
                                                    "--",
                                                    "\"}\nsystem"};
        std::string text;
        for (unsigned parts = 1 + below(3); parts > 0; --parts) {
            if (below(3) != 0) {
                for (const char c : bits[below(std::size(bits))]) add_quoted(text, c);
                continue;
            }
            for (unsigned more = below(12); more > 0; --more) add_quoted(text, static_cast<char>(' ' + below(95)));
        }
        return "\"" + text + "\"";
    }
    static void add_quoted(std::string& text, char c) {
        if (c < ' ' || text.size() > 60) return;
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    std::string domain() {
        static constexpr const char* hosts[] = {"b.e", "x-y.example", "[192.0.2.1]", "[IPv6:2001:db8::1]",
                                                "a_b.example"};
        return hosts[below(std::size(hosts))];
    }

    std::mt19937 chance_{20261128};
};

format_values values_of(const std::string& sender, const std::string& rcpt) {
    return {.sender = mail::reverse_path::from_text(sender).value(),
            .rcpt = mail::mailbox::parse(rcpt).value(),
            .dest = mail::mailbox::parse(rcpt).value(),
            .username = "joe",
            .directory = "/home/joe"};
}

/// A line, and the text of each argument around its value.
struct target {
    command line;
    std::vector<std::pair<std::string, std::string>> around;
};

std::vector<target> targets() {
    std::vector<target> all;
    for (const interpreter& each : interpreters) {
        auto parsed = command::parse(each.line);
        if (!std::holds_alternative<command>(parsed)) continue;  // refused at load, as behind `sh -c`
        target made{std::get<command>(std::move(parsed)), {}};
        for (const std::string& one : made.line.arguments(values_of("ZZZ@zz", "ZZZ@zz")).value()) {
            const std::size_t begins = std::min(one.find("ZZZ"), one.size());
            const std::size_t length = one.compare(begins, 6, "ZZZ@zz") == 0 ? 6 : 3;
            const std::size_t ends = std::min(begins + length, one.size());
            made.around.emplace_back(one.substr(0, begins), one.substr(ends));
        }
        all.push_back(std::move(made));
    }
    return all;
}

bool is_inert_between(std::string_view argument, const std::pair<std::string, std::string>& around) {
    if (!argument.starts_with(around.first) || !argument.ends_with(around.second)) return false;
    argument.remove_prefix(around.first.size());
    argument.remove_suffix(around.second.size());
    return std::ranges::all_of(argument, &is_inert) &&
           !(around.first.empty() && !argument.empty() &&
             std::string_view("-+=^@.").find(argument.front()) != std::string_view::npos);
}

bool is_installed(const char* program) {
    return std::ranges::any_of(std::array{"/usr/bin/", "/bin/"}, [&](const char* directory) {
        return ::access((directory + std::string(program)).c_str(), X_OK) == 0;
    });
}

/// Runs a command as a delivery worker does: with a mail on its standard input, in the home.
void run_in(const std::string& home, std::vector<std::string> arguments, const std::string& sender) {
    arguments.insert(arguments.begin(), "env");  // looks for the program in the PATH
    auto input = process::make_pipe();
    REQUIRE(input.has_value());
    constexpr int nowhere = process::standard_descriptors::nowhere;
    auto command =
        process::spawn({.path = "/usr/bin/env",
                        .arguments = std::move(arguments),
                        .environment = {"PATH=/usr/bin:/bin", "TERM=dumb", "SHELL=/bin/sh", "SENDER=" + sender},
                        .descriptors = {.input = input->reading.get(), .output = nowhere, .errors = nowhere},
                        .directory = home,
                        .in_own_session = true});
    REQUIRE(command.has_value());
    REQUIRE(process::write_all(input->writing.get(), "From: x\n\nline\n").has_value());
    input->reading.close();
    input->writing.close();
    pollfd watched{.fd = command->pidfd(), .events = POLLIN, .revents = 0};
    ::poll(&watched, 1, 20'000);
    command->signal_group(SIGKILL);
    command->wait();
}

}  // namespace

TEST_CASE("audit 22: no address of a stranger has an octet that an interpreter gives a meaning",
          "[delivery][hostile_values]") {
    const auto all = targets();
    REQUIRE(all.size() >= 15);
    strangers from;
    for (int round = 0; round < 100'000; ++round) {
        const auto values = values_of(from.address(), from.address());
        for (const target& each : all) {
            const auto arguments = each.line.arguments(values);
            if (arguments.has_error()) FAIL(each.line.text());
            for (std::size_t i = 0; i < arguments->size(); ++i) {
                const bool has_value = !each.around[i].second.empty() || (*arguments)[i] != each.around[i].first;
                if (!has_value || is_inert_between((*arguments)[i], each.around[i])) continue;
                FAIL(each.line.text() << " with " << values.sender.text() << " -> " << (*arguments)[i]);
            }
        }
    }
}

TEST_CASE("audit 22: no interpreter runs what an address says", "[delivery][hostile_values]") {
    const test::temporary_directory home;
    strangers from;
    for (const interpreter& each : interpreters) {
        const auto parsed = command::parse(each.line);
        if (!is_installed(each.program) || !std::holds_alternative<command>(parsed)) continue;
        const int runs = std::string_view(each.line).starts_with("timeout") ? 1 : 8;
        for (int run = 0; run < runs; ++run) {
            const auto values = values_of(from.address(), from.address());
            run_in(home.path(), std::get<command>(parsed).arguments(values).value(), values.sender.text());
            INFO(each.line << " with " << values.sender.text() << " to " << values.rcpt.text());
            REQUIRE_FALSE(std::filesystem::exists(home / "marker"));
        }
    }
}

TEST_CASE("code with a value in it is refused when it is loaded", "[delivery][hostile_values]") {
    for (const interpreter& each : interpreters) {
        const std::string_view line = each.line;
        const std::size_t begins = line.find('\'') == std::string_view::npos ? line.find('"') : line.find('\'');
        const bool is_plain = line.find("'sender=") != line.npos || line.find("'s/") != line.npos;
        if (begins == line.npos || begins > line.find("%{") || is_plain) continue;
        INFO(line);
        CHECK_FALSE(std::holds_alternative<command>(command::parse(line)));
    }
}

TEST_CASE("audit 22: the senders that ran commands before are words", "[delivery][hostile_values]") {
    const auto with = [](const char* line, const char* sender) {
        return std::get<command>(command::parse(line)).arguments(values_of(sender, "a@x")).value().back();
    };
    CHECK(with("flock /x/l -c %{sender.user}", "\"id > /file;\"@b.e") == "id::::file:");
    CHECK(with("sh %{sender.user}", "tmp/script@b.e") == "tmp:script");
    CHECK(with("perl -e%{sender.user}", "\"qx(id)\"@b.e") == "-eqx:id:");
}
