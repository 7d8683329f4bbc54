// Options of a directive, as a table: a new one is one line in it.
//
//     constexpr option<listener> options[] = {{"tag", &take_tag}, {"filter"}, ...};
//
// A word without a function is one that OpenSMTPD has and this program does not have yet: a fault that says so.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cursor.hpp"

namespace waypost::config {

template <class Target>
struct option {
    std::string_view word;
    void (*read)(cursor& cursor, Target& target, const token& word) = nullptr;  // null: not built yet
    bool repeats = false;                                                       // may stand more than once
};

/// The option that `word` names; leaves if there is none, or if it is not built.
template <class Target>
const option<Target>& find_option(cursor& cursor, const token& word, std::span<const option<Target>> options,
                                  std::string_view kind) {
    const auto found =
        std::find_if(options.begin(), options.end(), [&](const option<Target>& one) { return word.is_word(one.word); });
    if (found == options.end()) {
        std::vector<std::string_view> words;
        for (const option<Target>& one : options) words.push_back(one.word);
        if (word.is == token::kind::word) cursor.fail_unknown(word, kind, words);
        cursor.fail_unexpected(word, std::string(kind.starts_with('o') ? "an " : "a ") + std::string(kind));
    }
    if (found->read == nullptr) cursor.fail_not_built(word, found->word);
    return *found;
}

/// All options up to the end of the line.
template <class Target>
void read_options(cursor& cursor, Target& target, std::span<const option<Target>> options, std::string_view kind) {
    std::vector<std::string_view> seen;
    while (!cursor.at_line_end()) {
        const token word = cursor.take();
        const option<Target>& one = find_option(cursor, word, options, kind);
        if (!one.repeats && std::find(seen.begin(), seen.end(), one.word) != seen.end()) {
            cursor.fail(word, cursor.show(word) + " stands here twice", "remove one of them");
        }
        seen.push_back(one.word);
        one.read(cursor, target, word);
    }
}

/// Words and their values up to the end of the line, or in braces, where commas and ends of lines may stand between
/// them. `read_one` takes the word and reads what follows it.
template <class ReadOne>
void read_listing(cursor& cursor, std::string_view kind, ReadOne read_one) {
    const bool in_braces = cursor.skip_mark('{');
    if (!in_braces && cursor.at_line_end()) cursor.fail_unexpected(cursor.peek(), "a " + std::string(kind));
    std::vector<std::string> seen;
    for (;;) {
        if (in_braces) cursor.skip_newlines();
        if (in_braces && cursor.skip_mark(',')) continue;
        if (in_braces ? cursor.skip_mark('}') : cursor.at_line_end()) return;
        if (cursor.at_end()) cursor.fail_unexpected(cursor.peek(), "\"}\"");
        const token word = cursor.take();
        if (std::find(seen.begin(), seen.end(), word.text) != seen.end())
            cursor.fail(word, cursor.show(word) + " stands here twice", "remove one of them");
        seen.push_back(word.text);
        read_one(word);
    }
}

/// The same, of a table of options.
template <class Target>
void read_listing(cursor& cursor, Target& target, std::span<const option<Target>> options, std::string_view kind) {
    read_listing(cursor, kind,
                 [&](const token& word) { find_option(cursor, word, options, kind).read(cursor, target, word); });
}

}  // namespace waypost::config
