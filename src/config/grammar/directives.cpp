// The directives: the word that begins a line, and what reads the rest of it. Those that set something for the daemon
// are in the tables of settings.hpp.
#include "grammar.hpp"
#include "settings.hpp"

namespace waypost::config {
namespace {

struct directive {
    std::string_view word;
    void (*read)(grammar& g, const token& word) = nullptr;  // null: not built yet
};

constexpr directive directives[] = {
    {"accept", &read_legacy_rule},
    {"action", &read_action},
    {"admd"},
    {"admin"},
    {"ca", &read_ca},
    {"filter"},
    {"limit"},  // mta and session, of 2013 to 2017
    {"listen", &read_listen},
    {"map"},  // what tables were until November 2012
    {"match", &read_match},
    {"pki", &read_pki},
    {"proc"},
    {"reject", &read_legacy_rule},
    {"scheduler"},
    {"table", &read_table},
};

void read_rest(grammar& g, const token& word) {
    const auto setting = std::ranges::find(daemon_settings(), word.text, &option<model>::word);
    if (setting != daemon_settings().end()) return setting->read(g.cursor, g.model, word);
    const auto* const other = std::ranges::find(directives, word.text, &directive::word);
    if (other == std::end(directives)) {
        std::vector<std::string_view> known{"include"};
        for (const option<model>& one : daemon_settings()) known.push_back(one.word);
        for (const directive& one : directives) known.push_back(one.word);
        g.cursor.fail_unknown(word, "directive", known);
    }
    if (other->read == nullptr) g.cursor.fail_not_built(word, other->word);
    other->read(g, word);
}

}  // namespace

void read_directive(grammar& g) {
    const token word = g.cursor.take();
    if (word.is != token::kind::word) g.cursor.fail_unexpected(word, "a directive");
    read_rest(g, word);
    if (!g.cursor.at_line_end()) g.cursor.fail_unexpected(g.cursor.peek(), "the end of the line");
}

}  // namespace waypost::config
