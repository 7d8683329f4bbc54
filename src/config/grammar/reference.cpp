#include "grammar.hpp"
#include "option.hpp"
#include "settings.hpp"

namespace waypost::config {
namespace {

constexpr const char* beginning = R"(# Configuration reference

All options of `smtpd.conf`, made of the tables by which the program reads them; `test/config/grammar/reference_test.cpp` compares and
rewrites this page. [config/smtpd.conf](../config/smtpd.conf) shows them in use, tables and rules too, and `waypost config`
prints a configuration as it was understood.

A SIZE is a number of octets, or of K, M or G of them, as in `35M`. A TIME is a number and one of s, m, h and d, as in `4h`. A
table is `<name>`, a string, `{ a, b }` or `{ k = v }`.
)";

/// Text in a cell of a table.
std::string cell(std::string_view text) {
    std::string escaped;
    for (const char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
    return escaped;
}

std::string code(std::string_view text) { return text.empty() ? std::string() : "`" + cell(text) + "`"; }

class page {
public:
    template <class Target>
    void add(std::string_view title, std::span<const option<Target>> options) {
        text_ += "\n## " + std::string(title) + "\n\n| option | value | default | meaning |\n|---|---|---|---|\n";
        add_rows(options, "");
    }
    void add_conditions(std::string_view title) {
        text_ += "\n## " + std::string(title) + "\n\n| condition | value | holds for |\n|---|---|---|\n";
        for (const condition_help& each : help_of_conditions()) {
            text_ += "| " + code(each.words) + " | " + cell(each.values) + " | " + cell(each.description) + " |\n";
        }
    }
    [[nodiscard]] std::string take() && { return std::move(text_); }

private:
    template <class Target>
    void add_rows(std::span<const option<Target>> options, const std::string& words) {
        for (const option<Target>& one : options) {
            if (!one.description.empty()) add_option(one, words + std::string(one.word));
        }
    }

    template <class Target>
    void add_option(const option<Target>& one, const std::string& words) {
        const auto add_row = [&](std::string_view value, std::string_view usual) {
            text_ +=
                "| " + code(words) + " | " + cell(value) + " | " + code(usual) + " | " + cell(one.description) + " |\n";
        };
        std::visit(base::overloaded{
                       [](const not_built&) {},
                       [&](const group<Target>& own) { add_rows(own.options(), words + " "); },
                       [&](const custom<Target>& own) { add_row(own.arguments, ""); },
                       [&](const auto& own) { add_row(own.syntax(), own.text(Target()).value_or("")); },
                   },
                   one.value);
    }

    std::string text_ = beginning;
};

}  // namespace

std::string reference() {
    page all;
    all.add("The daemon as a whole", daemon_settings());
    all.add("mta limit [for domain DOMAIN]", mta_limit_options());
    all.add("srs", srs_options());
    all.add("listen on ADDRESS | NAME | INTERFACE | all", listener_options());
    all.add("listen on socket", socket_listener_options());
    all.add("pki NAME", pki_options());
    all.add("action NAME relay", relay_options());
    all.add("action NAME mbox | maildir [PATH] | lmtp DEST | mda \"COMMAND\" | expand-only | forward-only",
            local_options());
    all.add_conditions("match [!]CONDITION ... action NAME | reject");
    return std::move(all).take();
}

}  // namespace waypost::config
