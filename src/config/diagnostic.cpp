#include "waypost/config/diagnostic.hpp"

namespace waypost::config {

std::string to_string(const diagnostic& fault) {
    std::string text = fault.where.file;
    if (fault.where.line != 0) {
        text += ':' + std::to_string(fault.where.line);
        if (fault.where.column != 0) text += ':' + std::to_string(fault.where.column);
    }
    text += fault.warning ? ": warning: " : ": ";
    text += fault.what;
    if (!fault.instead.empty()) text += "; " + fault.instead;
    return text;
}

}  // namespace waypost::config
