// Words that mean something to the grammar, and what somebody probably meant: the known word that is nearest to one
// that is not known.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace waypost::config {

/// A keyword of today's grammar: never a string, unless quoted.
[[nodiscard]] bool is_keyword(std::string_view word);

/// A keyword of the 2012 to 2017 grammar alone. It may be a name, but not a string where one is optional: there it goes
/// on with the rule (`deliver to maildir expire 4d`).
[[nodiscard]] bool is_old_keyword(std::string_view word);

/// Letters to insert, remove, change or swap with their neighbour to turn one into the other (without case).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// `did you mean "x"?` for the nearest of the known words, or nothing if none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& names);

/// The definition of this name; null if there is none.
template <class Definition>
[[nodiscard]] Definition* find_named(std::vector<Definition>& definitions, std::string_view name) {
    const auto found = std::ranges::find(definitions, name, &Definition::name);
    return found == definitions.end() ? nullptr : &*found;
}
template <class Definition>
[[nodiscard]] const Definition* find_named(const std::vector<Definition>& definitions, std::string_view name) {
    const auto found = std::ranges::find(definitions, name, &Definition::name);
    return found == definitions.end() ? nullptr : &*found;
}

/// The names of definitions, to be searched for one that was meant.
template <class Definition>
[[nodiscard]] std::vector<std::string_view> names_of(const std::vector<Definition>& definitions) {
    std::vector<std::string_view> names;
    names.reserve(definitions.size());
    for (const Definition& one : definitions) names.push_back(one.name);
    return names;
}

}  // namespace waypost::config
