// An option, declared once: its word, how its value is written, where it goes, and what it does. The grammar, the
// printer and the reference page (docs/configuration.md) are made of tables of these, so a new option is one line:
//
//     constexpr option<listener> options[] = {
//         {"port", setting{field<&listener::port>, string_value{"a port"}}, "where it listens"}, {"filter"}, ...};
//
// A word alone is one that OpenSMTPD has and this program does not: a fault that says so.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "field.hpp"
#include "formats.hpp"
#include "waypost/base/overloaded.hpp"

namespace waypost::config {

template <class Target>
struct option;

struct not_built {};

enum class printing { if_changed, always };

/// A word that needs no value: it sets this one.
template <class Target, class Value>
struct constant {
    member<Target, Value> target;
    Value value;

    void read(cursor&, Target& owner, const token&) const { target.set(owner, value); }
    [[nodiscard]] std::optional<std::string> text(const Target& owner) const {
        return target.get(owner) == value ? std::optional(std::string()) : std::nullopt;
    }
    [[nodiscard]] std::string syntax() const { return {}; }
};

/// A value in one of the formats.
template <class Target, class Format>
struct setting {
    member<Target, typename Format::value> target;
    Format format;

    void read(cursor& cursor, Target& owner, const token&) const { target.set(owner, format.read(cursor)); }
    [[nodiscard]] std::optional<std::string> text(const Target& owner) const {
        const auto value = target.get(owner);
        return value ? std::optional(format.print(*value)) : std::nullopt;
    }
    [[nodiscard]] std::string syntax() const { return format.syntax(); }
};

enum class layout {
    words,    // one behind the other, and all of them printed on a line
    listing,  // the same, or in braces, where commas and ends of lines may stand between them
    lines,    // each is printed on a line of its own
    single    // the same, and there may be one only
};

/// Options of its own: `smtp limit ...`.
template <class Target>
class group {
public:
    /// `kind` names its options: "limit of \"smtp\"".
    template <std::size_t Count>
    constexpr group(const option<Target> (&options)[Count], std::string_view kind, layout layout = layout::words)
        : first_(options), count_(Count), kind_(kind), layout_(layout) {}
    group(std::span<const option<Target>> options, std::string_view kind, layout layout)
        : first_(options.data()), count_(options.size()), kind_(kind), layout_(layout) {}

    void read(cursor& cursor, Target& owner, const token& word) const;
    /// The text behind the group's own word, for each line that it becomes.
    [[nodiscard]] std::vector<std::string> print(const Target& owner, const Target& usual) const;
    [[nodiscard]] std::span<const option<Target>> options() const { return {first_, count_}; }

private:
    const option<Target>* first_;  // the options are no complete type here
    std::size_t count_;
    std::string_view kind_;
    layout layout_;
};

/// What is written as nothing else is. `print` adds the pieces of text that read back as what `target` has and `usual`
/// has not, each with the option's word; without it nothing is printed.
template <class Target>
struct custom {
    void (*read)(cursor& cursor, Target& target, const token& word);
    void (*print)(const Target& target, const Target& usual, std::vector<std::string>& pieces) = nullptr;
    std::string_view arguments = {};  // for the reference page
};

template <class Target>
struct option {
    using kind =
        std::variant<not_built, constant<Target, bool>, constant<Target, address_family>, setting<Target, count>,
                     setting<Target, octets>, setting<Target, time_span>, setting<Target, pause>,
                     setting<Target, percentage>, setting<Target, string_value>, setting<Target, domain_name>,
                     setting<Target, sender_address>, setting<Target, table_or_rows>, group<Target>, custom<Target>>;

    std::string_view word;
    kind value = not_built();
    std::string_view description = {};  // none: another word for an option, which is read and never printed
    config::printing printing = printing::if_changed;
    bool may_repeat = false;
    void (*check)(cursor& cursor, const Target& target, const token& word) = nullptr;  // before its value is read

    void read(cursor& cursor, Target& target, const token& given_word) const;
    /// Adds its text where it differs from what `usual` has.
    void print(const Target& target, const Target& usual, std::vector<std::string>& pieces) const;
};

/// Whether an option follows, behind what may separate it from the last one.
[[nodiscard]] bool has_another_option(cursor& cursor, bool in_braces);
[[noreturn]] void fail_without_option(cursor& cursor, const token& word, std::string_view kind,
                                      const std::vector<std::string_view>& known);
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

/// The option that `word` names; fails if there is none. `kind` names them: "option of \"listen on\"".
template <class Target>
const option<Target>& find_option(cursor& cursor, const token& word, std::span<const option<Target>> options,
                                  std::string_view kind) {
    const auto found =
        std::ranges::find_if(options, [&](const option<Target>& entry) { return word.is_word(entry.word); });
    if (found != options.end()) return *found;
    std::vector<std::string_view> known;
    for (const option<Target>& one : options) known.push_back(one.word);
    fail_without_option(cursor, word, kind, known);
}

/// Options up to the end of the line or, if the layout allows them, of the braces.
template <class Target>
void read_options(cursor& cursor, Target& target, std::span<const option<Target>> options, std::string_view kind,
                  layout layout = layout::words) {
    const bool in_braces = layout == layout::listing && cursor.skip_mark('{');
    std::vector<std::string_view> seen;
    while (has_another_option(cursor, in_braces)) {
        const token word = cursor.take();
        const option<Target>& one = find_option(cursor, word, options, kind);
        if (!one.may_repeat && std::ranges::find(seen, one.word) != seen.end())
            cursor.fail(word, cursor.show(word) + " stands here twice", "remove one of them");
        seen.push_back(one.word);
        one.read(cursor, target, word);
        if (layout == layout::single) return;
    }
}

/// The tables that these options have in a target, and what may be shown of them.
template <class Target, class Visitor>
void visit_tables(const Target& target, std::span<const option<Target>> options, Visitor visitor) {
    for (const option<Target>& entry : options) {
        const auto* const own = std::get_if<setting<Target, table_or_rows>>(&entry.value);
        if (own == nullptr) continue;
        if (const auto table = own->target.get(target)) visitor(*table, own->format.style);
    }
}

/// A piece of text for each option that differs.
template <class Target>
[[nodiscard]] std::vector<std::string> print_options(const Target& target, const Target& usual,
                                                     std::span<const option<Target>> options) {
    std::vector<std::string> pieces;
    for (const option<Target>& one : options) one.print(target, usual, pieces);
    return pieces;
}

template <class Target>
void group<Target>::read(cursor& cursor, Target& owner, const token&) const {
    if (cursor.at_line_end()) cursor.fail_unexpected(cursor.peek(), "a " + std::string(kind_));
    read_options(cursor, owner, options(), kind_, layout_);
}

template <class Target>
std::vector<std::string> group<Target>::print(const Target& owner, const Target& usual) const {
    std::vector<std::string> pieces = print_options(owner, usual, options());
    const bool has_own_lines = layout_ == layout::lines || layout_ == layout::single;
    if (pieces.empty() || has_own_lines) return pieces;
    return {joined(pieces)};
}

template <class Target>
void option<Target>::read(cursor& cursor, Target& target, const token& given_word) const {
    if (check != nullptr) check(cursor, target, given_word);
    std::visit(base::overloaded{[&](const not_built&) { cursor.fail_not_built(given_word, word); },
                                [&](const auto& one) { one.read(cursor, target, given_word); }},
               value);
}

template <class Target>
void option<Target>::print(const Target& target, const Target& usual, std::vector<std::string>& pieces) const {
    if (description.empty()) return;
    const auto add = [&](const std::string& text) {
        pieces.push_back(text.empty() ? std::string(word) : std::string(word) + " " + text);
    };
    const auto print_group = [&](const group<Target>& own) {
        for (const std::string& piece : own.print(target, usual)) add(piece);
    };
    const auto print_custom = [&](const custom<Target>& own) {
        if (own.print != nullptr) own.print(target, usual, pieces);
    };
    const auto print_value = [&](const auto& one) {
        const auto text = one.text(target);
        if (text && (printing == printing::always || text != one.text(usual))) add(*text);
    };
    std::visit(base::overloaded{[](const not_built&) {}, print_group, print_custom, print_value}, value);
}

}  // namespace waypost::config
