#include "waypost/delivery/format.hpp"

#include <algorithm>

#include "format_specifier.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::delivery {
namespace {

const char* text_of(format_errc value) noexcept {
    switch (value) {
        case format_errc::too_long: return "a path or an argument with its values filled in is too long";
        case format_errc::no_such_part: return "a value is too short for the part that is wanted of it";
        case format_errc::no_component: return "a value leaves a component of a path empty";
    }
    return "unknown";
}
constexpr base::simple_category<format_errc> category("waypost.format", &text_of);

/// Specifiers until 2012. A path of that name is never what was meant.
bool is_old_specifier(std::string_view text) {
    return text.size() > 1 && text[0] == '%' && std::string_view("auUdDA").find(text[1]) != std::string_view::npos;
}

/// One component at most, and no way up.
std::string without_way_out(std::string value) {
    std::ranges::replace_if(value, [](char c) { return c == '/' || base::is_control(c); }, ':');
    if (value.find_first_not_of('.') == std::string::npos) std::ranges::fill(value, ':');
    return value;
}

/// Of a directory that a slash follows.
std::string_view without_last_slash(std::string_view directory) {
    return directory.ends_with('/') ? directory.substr(0, directory.size() - 1) : directory;
}

/// What no program takes for the beginning of an option, of a list of them in a file, of an assignment or a hidden
/// file.
bool may_begin_argument(char c) { return base::is_alnum(c) || c == '_'; }

/// Of the text around values: what no language ends a string, a word or a statement with.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return base::is_alnum(c) || std::string_view("-_=+.,:/@%").find(c) != std::string_view::npos;
    });
}

/// A path that grows, and whether a value is to blame for its last component.
class path_builder {
public:
    void add_trusted(std::string_view text) {
        for (const char c : text) {
            if (c == '/') end_component();
            path_ += c;
        }
    }
    void add_value(std::string_view text) {
        has_value_ = true;
        path_ += text;
    }
    base::result<std::string> take() && {
        end_component();
        if (!good_) return format_errc::no_component;
        if (path_.size() > format::longest) return format_errc::too_long;
        return std::move(path_);
    }

private:
    void end_component() {
        const std::string_view last = std::string_view(path_).substr(path_.rfind('/') + 1);
        if (has_value_ && last.find_first_not_of('.') == std::string_view::npos) good_ = false;
        has_value_ = false;
    }

    std::string path_;
    bool has_value_ = false;
    bool good_ = true;
};

}  // namespace

base::error_code make_error_code(format_errc value) noexcept { return {static_cast<int>(value), category}; }

std::variant<format, format_fault> format::parse(std::string_view text) {
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
        return format_fault{nul, "there is a NUL in the text", "remove it"};
    format made;
    made.text_ = text;
    std::string literal;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("%%")) {
            literal += '%';
            at += 2;
        } else if (rest.starts_with("%{")) {
            const std::size_t ends = rest.find('}');
            if (ends == std::string_view::npos)
                return format_fault{at, "a format specifier has no end", "write \"}\" behind it"};
            auto parsed = parse_specifier(rest.substr(2, ends - 2));
            if (auto* wrong = std::get_if<format_fault>(&parsed)) {
                wrong->position += at + 2;
                return std::move(*wrong);
            }
            if (!literal.empty()) made.pieces_.push_back({std::exchange(literal, {}), {}});
            made.pieces_.push_back({{}, std::get<specifier>(parsed)});
            at += ends + 1;
        } else if (is_old_specifier(rest)) {
            const std::string shown(rest.substr(0, 2));
            return format_fault{
                at, "\"" + shown + "\" is a format specifier of before 2013",
                "write %{user.username}, %{dest.user} or %{dest.domain}, or %" + shown + " if it is meant as it is"};
        } else {
            literal += text[at++];
        }
    }
    if (!literal.empty()) made.pieces_.push_back({std::move(literal), {}});
    return made;
}

format format::literal(std::string_view text) {
    format made;
    made.text_ = text;
    if (!text.empty()) made.pieces_.push_back({std::string(text), {}});
    return made;
}

bool format::is_literal() const noexcept {
    return std::ranges::none_of(pieces_, [](const piece& piece) { return piece.value.has_value(); });
}

bool format::has_raw() const noexcept {
    return std::ranges::any_of(pieces_, [](const piece& piece) { return piece.value && piece.value->raw; });
}

bool format::stands_in_plain_text() const noexcept {
    const auto is_strangers = [](const piece& piece) {
        return piece.value && piece.value->value != specifier::origin::directory;
    };
    return std::ranges::none_of(pieces_, is_strangers) ||
           std::ranges::all_of(pieces_, [](const piece& piece) { return is_plain(piece.literal); });
}

bool format::is_one_value() const noexcept { return pieces_.size() == 1 && pieces_.front().value.has_value(); }

base::result<std::string> format::expand(const format_values& values) const {
    std::string made;
    for (const piece& one : pieces_) {
        if (!one.value) {
            made += one.literal;
            continue;
        }
        auto value = value_of(*one.value, values, use::in_argument);
        if (value.has_error()) return value.error();
        const bool is_strangers = !one.value->raw && one.value->value != specifier::origin::directory;
        if (is_strangers) *value = without_way_out(std::move(*value));
        if (is_strangers && made.empty() && !value->empty() && !may_begin_argument(value->front()))
            value->front() = ':';
        made += *value;
    }
    if (made.size() > longest) return format_errc::too_long;
    return made;
}

base::result<std::string> format::expand_path(const format_values& values) const { return path(values, use::in_path); }

base::result<std::string> format::expand_program(const format_values& values) const {
    return path(values, use::in_argument);
}

base::result<std::string> format::path(const format_values& values, use place) const {
    path_builder made;
    for (const piece& one : pieces_) {
        if (!one.value) {
            const bool in_home = &one == &pieces_.front() && one.literal.starts_with("~/");
            if (in_home && values.directory.empty()) return format_errc::no_component;
            if (in_home) made.add_trusted(without_last_slash(values.directory));
            made.add_trusted(std::string_view(one.literal).substr(in_home ? 1 : 0));
            continue;
        }
        auto value = value_of(*one.value, values, place);
        if (value.has_error()) return value.error();
        if (one.value->value == specifier::origin::directory) {
            if (value->empty()) return format_errc::no_component;
            const bool is_followed = &one != &pieces_.back() && (&one)[1].literal.starts_with('/');
            made.add_trusted(is_followed ? without_last_slash(*value) : *value);
        } else {
            made.add_value(without_way_out(std::move(*value)));
        }
    }
    return std::move(made).take();
}

}  // namespace waypost::delivery
