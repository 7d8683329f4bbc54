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

pki_definition* find_pki(model& model, std::string_view name) {
    const auto found = std::find_if(model.pki.begin(), model.pki.end(),
                                    [&](const pki_definition& definition) { return definition.name == name; });
    return found == model.pki.end() ? nullptr : &*found;
}

void take_file(cursor& cursor, std::optional<located_string>& target, const token& word) {
    located_string file = cursor.take_string("a file");
    if (target) {
        cursor.fault(word.position.where(),
                     "this pki has a " + word.text + " already, at line " + std::to_string(target->location.line),
                     "remove one of them");
    }
    target = std::move(file);
}

constexpr option<pki_definition> options[] = {
    {"cert",
     [](cursor& cursor, pki_definition& definition, const token& word) { take_file(cursor, definition.cert, word); }},
    {"dhe",
     [](cursor& cursor, pki_definition&, const token&) {
         const token& which = cursor.peek();
         const located_string level = cursor.take_string("none, legacy or auto");
         if (level.text == "legacy" || level.text == "auto") {
             cursor.fail(which, "\"dhe " + level.text + "\" is not built yet", "remove it");
         }
         if (level.text != "none") cursor.fail_unknown(which, "level of dhe", {"none", "legacy", "auto"});
     }},
    {"key",
     [](cursor& cursor, pki_definition& definition, const token& word) { take_file(cursor, definition.key, word); }},
};

}  // namespace

void read_pki(grammar& g, const token& word) {
    const located_string name = g.cursor.take_string("the name of a pki");
    pki_definition* one = find_pki(g.model, name.text);
    if (one == nullptr) {
        one = &g.model.pki.emplace_back();
        one->name = name.text;
        one->location = word.position.where();
    }
    if (g.cursor.at_line_end())
        g.cursor.fail_unexpected(g.cursor.peek(), "\"cert\" or \"key\"", "write pki NAME cert \"/path\"");
    read_options<pki_definition>(g.cursor, *one, options, "option of \"pki\"");
}

void read_ca(grammar& g, const token& word) {
    ca_definition made;
    made.location = word.position.where();
    const located_string name = g.cursor.take_string("the name of a ca");
    made.name = name.text;
    g.cursor.expect_word("cert", "ca NAME cert \"/path\"");
    made.cert = g.cursor.take_string("a file");
    const bool second = std::any_of(g.model.ca.begin(), g.model.ca.end(),
                                    [&](const ca_definition& other) { return other.name == made.name; });
    if (second)
        g.cursor.fault(name.location, "there is a ca \"" + made.name + "\" already", "give this one another name");
    g.model.ca.push_back(std::move(made));
}

void define_certificates_of_2012(grammar& g) {
    for (const located_string& name : g.certificates) {
        if (find_pki(g.model, name.text) != nullptr) continue;
        const std::string path = std::string(certificates_of_2012) + name.text;
        pki_definition made;
        made.name = name.text;
        made.location = name.location;
        made.cert = located_string{path + ".crt", name.location};
        made.key = located_string{path + ".key", name.location};
        g.model.pki.push_back(std::move(made));
    }
}

}  // namespace waypost::config
