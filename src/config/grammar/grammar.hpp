// The grammar, a file for each of its ideas. Every function here is called with the cursor behind the word that chose
// it and stays on its directive; what it understood goes into the model.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "waypost/base/ascii.hpp"
#include "waypost/config/grammar/model.hpp"
#include "waypost/config/syntax/cursor.hpp"
#include "waypost/config/syntax/words.hpp"

namespace waypost::config {

/// The action of a 2012 rule. It has no name yet: that needs all names of the file.
struct nameless_action {
    std::size_t rule = 0;  // index in model::rules
    config::action action;
};

/// What the functions of the grammar share.
struct grammar {
    config::cursor& cursor;
    config::model& model;
    std::vector<nameless_action> nameless;
    std::vector<located_string> certificates;  // `certificate NAME` of 2012
};

/// An option of a directive: option.hpp.
template <class Target>
struct option;

/// The name of a new definition; a fault if it is taken. `kind` is "a table".
template <class Definition>
[[nodiscard]] located_string take_new_name(cursor& cursor, const std::vector<Definition>& definitions,
                                           const std::string& kind) {
    located_string name = cursor.take_string("the name of " + kind);
    if (const Definition* const other = find_named(definitions, name.text)) {
        cursor.fault(name.location,
                     "there is " + kind + " \"" + base::printable(name.text, 64) + "\" already, at line " +
                         std::to_string(other->location.line),
                     "give this one another name");
    }
    return name;
}

// directives.cpp
void read_directive(grammar& g);

// table_grammar.cpp
void read_table(grammar& g, const token& word);
/// `<name>`, a string, `{ a, b }` or `{ k = v }`.
[[nodiscard]] table_use take_table_use(cursor& cursor, std::string_view subject);
[[nodiscard]] bool table_use_is_next(const cursor& cursor);

// listener_grammar.cpp, tls_grammar.cpp
void read_listen(grammar& g, const token& word);
[[nodiscard]] std::span<const option<listener>> listener_options();
[[nodiscard]] std::span<const option<listener>> socket_listener_options();
void read_pki(grammar& g, const token& word);
[[nodiscard]] std::span<const option<pki_definition>> pki_options();
void read_ca(grammar& g, const token& word);
/// For each `certificate NAME` where no pki of that name is defined: NAME.crt and NAME.key of 2012's directory.
void define_certificates_of_2012(grammar& g);

// action_grammar.cpp
void read_action(grammar& g, const token& word);
[[nodiscard]] std::span<const option<action>> relay_options();

// local_grammar.cpp
/// The word for a way to deliver.
[[nodiscard]] std::string_view word_of(action::method method) noexcept;
/// REQUIRES: it is one of these words.
void set_method(action& action, std::string_view word) noexcept;
/// The arguments of "mbox", "maildir" ... and, in today's grammar, the options.
void read_local_action(cursor& cursor, action& target, const token& method);
[[nodiscard]] std::span<const option<action>> local_options();
void read_delivery_of_2012(cursor& cursor, action& action, const token& method);

// match_grammar.cpp
void read_match(grammar& g, const token& word);
/// The words of a condition: "from local".
[[nodiscard]] std::string words_of(subject subject);
struct condition_help {
    std::string words;
    std::string values;
    std::string_view description;
};
/// All conditions, for the reference page.
[[nodiscard]] std::vector<condition_help> help_of_conditions();
/// Adds a condition, unless there is one of its kind already.
void add_condition(cursor& cursor, rule& rule, condition condition);
/// What the grammar means where it says nothing: from local for local; and the order of evaluation.
void complete_conditions(rule& rule);

// legacy_grammar.cpp
void read_legacy_rule(grammar& g, const token& word);

// legacy_names.cpp
/// Names the actions of 2012 rules and adds them to the model; equal actions are one. The name is made of the action's
/// own text, so it is the same after a restart: the queue stores it. No secret is in it.
void name_legacy_actions(grammar& g);

}  // namespace waypost::config
