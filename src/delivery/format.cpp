#include "waypost/delivery/format.hpp"

namespace waypost::delivery {

std::variant<format, format_fault> format::parse(std::string_view text) {
    if (const std::size_t at = text.find("%{"); at != std::string_view::npos)
        return format_fault{at, "format specifiers are not built yet", "write it without"};
    format made;
    made.text_ = text;
    return made;
}

bool format::is_literal() const noexcept { return true; }
base::result<std::string> format::expand(const format_values&) const { return text_; }
base::result<std::string> format::expand_path(const format_values&) const { return text_; }

}  // namespace waypost::delivery
