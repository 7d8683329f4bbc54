// Key pairs and authorities.
//
//     pki NAME cert FILE         pki NAME key FILE         ca NAME cert FILE
#include <algorithm>

#include "grammar.hpp"
#include "options.hpp"

namespace waypost::config {
namespace {

// Where OpenSMTPD looked for `certificate NAME` in 2012.
constexpr std::string_view certificates_of_2012 = "/etc/mail/certs/";

pki_definition* find_pki(model& what, std::string_view name) {
    const auto found =
        std::find_if(what.pki.begin(), what.pki.end(), [&](const pki_definition& one) { return one.name == name; });
    return found == what.pki.end() ? nullptr : &*found;
}

void take_file(cursor& at, std::optional<written>& into, const token& word) {
    written file = at.take_string("a file");
    if (into) {
        at.fault(word.at.where(),
                 "this pki has a " + word.text + " already, at line " + std::to_string(into->where.line),
                 "remove one of them");
    }
    into = std::move(file);
}

constexpr option<pki_definition> options[] = {
    {"cert", [](cursor& at, pki_definition& to, const token& word) { take_file(at, to.cert, word); }},
    {"dhe",
     [](cursor& at, pki_definition&, const token&) {
         const token& which = at.peek();
         const written level = at.take_string("none, legacy or auto");
         if (level.text == "legacy" || level.text == "auto") {
             at.leave(which, "\"dhe " + level.text + "\" is not built yet", "remove it");
         }
         if (level.text != "none") at.leave_unknown(which, "level of dhe", {"none", "legacy", "auto"});
     }},
    {"key", [](cursor& at, pki_definition& to, const token& word) { take_file(at, to.key, word); }},
};

}  // namespace

void read_pki(grammar& g, const token& word) {
    const written name = g.at.take_string("the name of a pki");
    pki_definition* one = find_pki(g.what, name.text);
    if (one == nullptr) {
        one = &g.what.pki.emplace_back();
        one->name = name.text;
        one->where = word.at.where();
    }
    if (g.at.at_line_end()) g.at.leave_unexpected(g.at.peek(), "\"cert\" or \"key\"", "write pki NAME cert \"/path\"");
    read_options<pki_definition>(g.at, *one, options, "option of \"pki\"");
}

void read_ca(grammar& g, const token& word) {
    ca_definition made;
    made.where = word.at.where();
    const written name = g.at.take_string("the name of a ca");
    made.name = name.text;
    g.at.expect_word("cert", "ca NAME cert \"/path\"");
    made.cert = g.at.take_string("a file");
    const bool second = std::any_of(g.what.ca.begin(), g.what.ca.end(),
                                    [&](const ca_definition& other) { return other.name == made.name; });
    if (second) g.at.fault(name.where, "there is a ca \"" + made.name + "\" already", "give this one another name");
    g.what.ca.push_back(std::move(made));
}

void define_certificates_of_2012(grammar& g) {
    for (const written& name : g.certificates) {
        if (find_pki(g.what, name.text) != nullptr) continue;
        const std::string path = std::string(certificates_of_2012) + name.text;
        pki_definition made;
        made.name = name.text;
        made.where = name.where;
        made.cert = written{path + ".crt", name.where};
        made.key = written{path + ".key", name.where};
        g.what.pki.push_back(std::move(made));
    }
}

}  // namespace waypost::config
