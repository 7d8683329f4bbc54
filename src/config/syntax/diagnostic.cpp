#include "waypost/config/syntax/diagnostic.hpp"

namespace waypost::config {

std::string to_string(const diagnostic& fault) {
    std::string text = fault.location.file;
    if (fault.location.line != 0) {
        text += ':' + std::to_string(fault.location.line);
        if (fault.location.column != 0) text += ':' + std::to_string(fault.location.column);
    }
    text += fault.warning ? ": warning: " : ": ";
    text += fault.text;
    if (!fault.hint.empty()) text += "; " + fault.hint;
    return text;
}

}  // namespace waypost::config
