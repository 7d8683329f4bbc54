#include "waypost/mail/header.hpp"

#include <cstddef>

#include "waypost/base/ascii.hpp"

namespace waypost::mail {
namespace {

/// The first line of `text` with its line end; all of it if there is none.
std::string_view first_line(std::string_view text) noexcept {
    const std::size_t end = text.find('\n');
    return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

std::string_view without_line_end(std::string_view line) noexcept {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// field-name = 1*ftext; ftext = %d33-57 / %d59-126. Blanks before the colon are obsolete syntax, and still met.
/// Answers where the colon is, or npos.
std::size_t find_colon(std::string_view line) noexcept {
    std::size_t name_end = 0;
    while (name_end < line.size() && line[name_end] > ' ' && line[name_end] <= '~' && line[name_end] != ':') ++name_end;
    std::size_t colon = name_end;
    while (colon < line.size() && base::is_blank(line[colon])) ++colon;
    return name_end > 0 && colon < line.size() && line[colon] == ':' ? colon : std::string_view::npos;
}

}  // namespace

bool is_mbox_line(std::string_view line) noexcept {
    return (line.starts_with("From ") || line.starts_with(">From ")) && find_colon(line) == std::string_view::npos;
}

header_section parse_header(std::string_view message) {
    header_section section;
    std::string_view rest = message;
    while (is_mbox_line(first_line(rest))) rest.remove_prefix(first_line(rest).size());
    while (!rest.empty()) {
        const std::string_view line = first_line(rest);
        if (without_line_end(line).empty()) {
            section.has_separator = true;
            rest.remove_prefix(line.size());
            break;
        }
        const std::size_t colon = find_colon(line);
        if (colon == std::string_view::npos) break;

        std::size_t length = line.size();
        while (length < rest.size() && base::is_blank(rest[length])) length += first_line(rest.substr(length)).size();
        const std::string_view whole = rest.substr(0, length);
        section.fields.push_back(
            {base::trim(whole.substr(0, colon)), without_line_end(whole.substr(colon + 1)), whole});
        rest.remove_prefix(length);
    }
    section.body = rest;
    return section;
}

}  // namespace waypost::mail
