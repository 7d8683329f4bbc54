// The grammar, a file for each of its ideas. Every function here is called with the cursor behind the word that chose
// it and stays on its directive; what it understood goes into the model.
#pragma once

#include <string>
#include <vector>

#include "cursor.hpp"
#include "waypost/config/model.hpp"

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

// directives.cpp
void read_directive(grammar& g);

// table_grammar.cpp
void read_table(grammar& g, const token& word);
/// `<name>`, a string, `{ a, b }` or `{ k = v }`.
[[nodiscard]] table_use take_table_use(cursor& cursor, std::string_view subject);
[[nodiscard]] bool table_use_is_next(const cursor& cursor);

// listener_grammar.cpp, tls_grammar.cpp
void read_listen(grammar& g, const token& word);
void read_pki(grammar& g, const token& word);
void read_ca(grammar& g, const token& word);
/// For each `certificate NAME` where no pki of that name is defined: NAME.crt and NAME.key of 2012's directory.
void define_certificates_of_2012(grammar& g);

// action_grammar.cpp
void read_action(grammar& g, const token& word);
/// An address for `mail-from` or `as`: user@domain, @domain or user.
[[nodiscard]] located_string take_sender(cursor& cursor, std::string_view word);
[[nodiscard]] located_string take_domain(cursor& cursor, std::string_view subject);

// local_grammar.cpp
/// The arguments of "mbox", "maildir" ... and, in today's grammar, the options.
void read_local_action(cursor& cursor, action& target, const token& method);
void read_delivery_of_2012(cursor& cursor, action& action, const token& method);

// mda_grammar.cpp
void read_mda(grammar& g, const token&);
void read_srs(grammar& g, const token&);

// mta_grammar.cpp
void read_mta(grammar& g, const token& word);

// match_grammar.cpp
void read_match(grammar& g, const token& word);
/// Adds a condition, unless there is one of its kind already.
void add_condition(cursor& cursor, rule& to, condition one);
/// What the grammar means where it says nothing: from local for local; and the order of evaluation.
void complete_conditions(rule& rule);

// legacy_grammar.cpp
void read_legacy_rule(grammar& g, const token& word);

// legacy_names.cpp
/// Names the actions of 2012 rules and adds them to the model; equal actions are one. The name is made of the action's
/// own text, so it is the same after a restart: the queue stores it. No secret is in it.
void name_legacy_actions(grammar& g);

}  // namespace waypost::config
