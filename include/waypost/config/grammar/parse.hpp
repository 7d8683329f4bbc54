// From the text of smtpd.conf, of either generation of the grammar, to the model and back.
#pragma once

#include <string>
#include <vector>

#include "waypost/config/grammar/model.hpp"
#include "waypost/config/syntax/diagnostic.hpp"
#include "waypost/config/syntax/source.hpp"

namespace waypost::config {

struct parsed {
    config::model model;
    std::vector<diagnostic> faults;  // with warnings; usable when none of them is a fault
};
/// `include` is relative to the including file.
[[nodiscard]] parsed parse_file(const std::string& path, const macros& macros = {});
[[nodiscard]] parsed parse_text(const std::string& text, const std::string& file_name, const macros& macros = {});

/// The effective configuration in the action/match grammar. It loads again; secrets are masked. A 2012 rule that an
/// authenticated session passes becomes two lines.
[[nodiscard]] std::string print(const model& model);

/// docs/configuration.md: all options, made of the tables that the grammar reads them by.
[[nodiscard]] std::string reference();

}  // namespace waypost::config
