// Key pairs and authorities.
//
//     pki NAME cert FILE         pki NAME key FILE         ca NAME cert FILE
#include "grammar.hpp"
#include "option.hpp"
#include "waypost/config/syntax/words.hpp"

namespace waypost::config {
namespace {

// Where OpenSMTPD looked for `certificate NAME` in 2012.
constexpr std::string_view certificates_of_2012 = "/etc/mail/certs/";

template <auto Member>
void read_file(cursor& cursor, pki_definition& definition, const token& word) {
    std::optional<located_string>& target = definition.*Member;
    located_string file = cursor.take_string("a file");
    if (target) {
        cursor.fault(word.position.where(),
                     "this pki has a " + word.text + " already, at line " + std::to_string(target->location.line),
                     "remove one of them");
    }
    target = std::move(file);
}

template <auto Member>
void print_file(const pki_definition& definition, const pki_definition&, std::vector<std::string>& pieces) {
    const std::optional<located_string>& file = definition.*Member;
    const std::string word = Member == &pki_definition::cert ? "cert " : "key ";
    if (file) pieces.push_back(word + in_quotes(file->text));
}

void read_dhe(cursor& cursor, pki_definition&, const token&) {
    const token& given = cursor.peek();
    const located_string level = cursor.take_string("none, legacy or auto");
    if (level.text == "legacy" || level.text == "auto")
        cursor.fail(given, "\"dhe " + level.text + "\" is not built yet", "remove it");
    if (level.text != "none") cursor.fail_unknown(given, "level of dhe", {"none", "legacy", "auto"});
}

constexpr auto cert = &pki_definition::cert;
constexpr auto key = &pki_definition::key;

constexpr option<pki_definition> options[] = {
    {"cert", custom{&read_file<cert>, &print_file<cert>, "FILE"},
     "the certificate, and those that lead to its authority"},
    {"key", custom{&read_file<key>, &print_file<key>, "FILE"}, "its private key"},
    {"dhe", custom{&read_dhe}},
};

void define_certificate(model& model, const located_string& name) {
    if (find_named(model.pki, name.text) != nullptr) return;
    const std::string path = std::string(certificates_of_2012) + name.text;
    pki_definition made;
    made.name = name.text;
    made.location = name.location;
    made.cert = located_string{path + ".crt", name.location};
    made.key = located_string{path + ".key", name.location};
    model.pki.push_back(std::move(made));
}

}  // namespace

std::span<const option<pki_definition>> pki_options() { return options; }

void read_pki(grammar& g, const token& word) {
    const located_string name = g.cursor.take_string("the name of a pki");
    pki_definition* one = find_named(g.model.pki, name.text);
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
    if (find_named(g.model.ca, made.name) != nullptr)
        g.cursor.fault(name.location, "there is a ca \"" + made.name + "\" already", "give this one another name");
    g.model.ca.push_back(std::move(made));
}

void define_certificates_of_2012(grammar& g) {
    for (const located_string& name : g.certificates) define_certificate(g.model, name);
}

}  // namespace waypost::config
