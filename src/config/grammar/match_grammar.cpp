// match [!]condition... action NAME
// match [!]condition... reject
#include <algorithm>
#include <array>

#include "grammar.hpp"

namespace waypost::config {
namespace {

enum class wants { nothing, maybe_values, values };

struct condition_word {
    std::string_view word;
    config::subject subject;
    wants argument;
    std::string_view description;
    bool regex = false;  // `regex` may stand before the values
};

constexpr auto sources = std::to_array<condition_word>({
    {"any", subject::from_any, wants::nothing, "every client"},
    {"auth", subject::from_auth, wants::maybe_values, "a client that has logged in, or as one of these users", true},
    {"local", subject::from_local, wants::nothing,
     "a program of this machine: the socket or a loopback address; so it is without from"},
    {"mail-from", subject::from_mail_from, wants::values, "a sender's address", true},
    {"rdns", subject::from_rdns, wants::maybe_values, "a client whose address has a name, or one of these", true},
    {"socket", subject::from_socket, wants::nothing, "a program of this machine, by the socket"},
    {"src", subject::from_source, wants::values, "a client's address or network", true},
});
constexpr auto destinations = std::to_array<condition_word>({
    {"any", subject::for_any, wants::nothing, "every recipient"},
    {"domain", subject::for_domain, wants::values, "a recipient's domain", true},
    {"local", subject::for_local, wants::nothing,
     "a recipient of this host's name or of localhost; so it is without for"},
    {"rcpt-to", subject::for_recipient, wants::values, "a recipient's address", true},
});
constexpr auto others = std::to_array<condition_word>({
    {"auth", subject::auth, wants::maybe_values, "the client has logged in, or as one of these users", true},
    {"helo", subject::helo, wants::values, "the name that the client gives", true},
    {"mail-from", subject::mail_from, wants::values, "a sender's address", true},
    {"rcpt-to", subject::rcpt_to, wants::values, "a recipient's address", true},
    {"tag", subject::tag, wants::values, "the tag of the listener", true},
    {"tls", subject::tls, wants::nothing, "the session has TLS"},
});

template <std::size_t N>
const condition_word& find_word(cursor& cursor, const token& word, const std::array<condition_word, N>& conditions,
                                std::string_view kind, std::initializer_list<std::string_view> and_also = {}) {
    const auto found =
        std::ranges::find_if(conditions, [&](const condition_word& condition) { return word.is_word(condition.word); });
    if (found != conditions.end()) return *found;
    std::vector<std::string_view> words(and_also);
    for (const condition_word& condition : conditions) words.push_back(condition.word);
    if (word.is == token::kind::word) cursor.fail_unknown(word, kind, words);
    cursor.fail_unexpected(word, "a " + std::string(kind));
}

condition take_condition(cursor& cursor, const condition_word& chosen, const location& location, bool negated) {
    condition made;
    made.subject = chosen.subject;
    made.location = location;
    made.negated = negated;
    if (chosen.regex) made.regex = cursor.skip_word("regex");
    const bool wanted = chosen.argument == wants::values || made.regex;
    if (wanted || (chosen.argument == wants::maybe_values && table_use_is_next(cursor))) {
        made.values = take_table_use(cursor, "a table, a list or a string");
    }
    return made;
}

/// A condition of any kind; `word` is its first word.
condition read_condition(cursor& cursor, const token& word, bool negated) {
    if (!word.is_word("from") && !word.is_word("for")) {
        const condition_word& own =
            find_word(cursor, word, others, "condition of \"match\"", {"from", "for", "action", "reject"});
        return take_condition(cursor, own, word.position.where(), negated);
    }
    negated = cursor.skip_mark('!') || negated;
    const token second = cursor.peek();
    if (second.ends_line())
        cursor.fail_unexpected(second, "a word behind \"" + word.text + "\"", "write " + word.text + " any");
    cursor.take();
    const condition_word& chosen = word.is_word("from")
                                       ? find_word(cursor, second, sources, "source behind \"from\"")
                                       : find_word(cursor, second, destinations, "destination behind \"for\"");
    return take_condition(cursor, chosen, word.position.where(), negated);
}

/// Conditions of which a rule has one: all of `from`, all of `for`, each of the others.
int kind_of(subject subject) {
    if (subject >= subject::from_any && subject <= subject::from_mail_from) return static_cast<int>(subject::from_any);
    if (subject >= subject::for_any && subject <= subject::for_recipient) return static_cast<int>(subject::for_any);
    return static_cast<int>(subject);
}

}  // namespace

std::string words_of(subject subject) {
    const auto find_in = [subject](const auto& conditions, std::string_view prefix) -> std::string {
        const auto found = std::ranges::find(conditions, subject, &condition_word::subject);
        return found == conditions.end() ? std::string() : std::string(prefix) + std::string(found->word);
    };
    return find_in(sources, "from ") + find_in(destinations, "for ") + find_in(others, "");
}

std::vector<condition_help> help_of_conditions() {
    std::vector<condition_help> all;
    const auto add = [&all](const auto& conditions) {
        for (const condition_word& condition : conditions) {
            std::string values = condition.regex ? "[regex] " : "";
            if (condition.argument == wants::maybe_values) values = "[[regex] TABLE]";
            if (condition.argument == wants::values) values += "TABLE";
            all.push_back({words_of(condition.subject), values, condition.description});
        }
    };
    add(sources);
    add(destinations);
    add(others);
    return all;
}

void add_condition(cursor& cursor, rule& rule, condition condition) {
    const bool is_second = std::ranges::any_of(rule.conditions, [&](const config::condition& other) {
        return kind_of(other.subject) == kind_of(condition.subject);
    });
    if (is_second) {
        cursor.fault(condition.location, "a second condition of this kind in one rule",
                     "write a rule for each, or a list { a, b }");
        return;
    }
    rule.conditions.push_back(std::move(condition));
}

void complete_conditions(rule& rule) {
    const auto complete = [&rule](subject local) {
        const bool there = std::any_of(rule.conditions.begin(), rule.conditions.end(), [&](const condition& condition) {
            return kind_of(condition.subject) == kind_of(local);
        });
        if (there) return;
        condition made;
        made.subject = local;
        made.location = rule.location;
        rule.conditions.push_back(std::move(made));
    };
    complete(subject::from_local);
    complete(subject::for_local);
    std::sort(rule.conditions.begin(), rule.conditions.end(),
              [](const condition& a, const condition& b) { return a.subject < b.subject; });
}

void read_match(grammar& g, const token& word) {
    rule made;
    made.location = word.position.where();
    for (;;) {
        if (g.cursor.at_line_end()) {
            g.cursor.fail_unexpected(g.cursor.peek(), "\"action\" or \"reject\"",
                                     "end the rule with action NAME, or with reject");
        }
        const bool negated = g.cursor.skip_mark('!');
        const token next = g.cursor.take();
        if (!negated && next.is_word("reject")) break;
        if (!negated && next.is_word("action")) {
            made.action = g.cursor.take_string("the name of an action");
            break;
        }
        add_condition(g.cursor, made, read_condition(g.cursor, next, negated));
    }
    complete_conditions(made);
    g.model.rules.push_back(std::move(made));
}

}  // namespace waypost::config
