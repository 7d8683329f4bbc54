#include "waypost/config/grammar/parse.hpp"

#include "grammar.hpp"
#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/config/syntax/source.hpp"

namespace waypost::config {
namespace {

parsed parse(std::vector<token> tokens, const std::string& file, fault_list& faults) {
    parsed answer;
    answer.model.file = file;
    cursor at(std::move(tokens), faults);
    grammar g{at, answer.model, {}, {}};
    at.skip_newlines();
    while (!at.at_end() && !faults.full()) {
        const std::size_t begin = at.number();
        try {
            read_directive(g);
            at.skip_newlines();
        } catch (const leave_directive&) {
            at.skip_directive(begin);
        }
    }
    define_certificates_of_2012(g);
    name_legacy_actions(g);
    answer.faults = std::move(faults).take();
    return answer;
}

}  // namespace

parsed parse_file(const std::string& path, const macros& macros) {
    fault_list faults;
    return parse(tokens_of_file(path, macros, faults), path, faults);
}

parsed parse_text(const std::string& text, const std::string& file_name, const macros& macros) {
    fault_list faults;
    return parse(tokens_of_text(text, file_name, macros, faults), file_name, faults);
}

}  // namespace waypost::config
