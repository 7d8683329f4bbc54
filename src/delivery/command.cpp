#include "waypost/delivery/command.hpp"

#include <algorithm>

#include "shell_words.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::delivery {
namespace {

constexpr std::string_view place_of_mda = "%{mda}";

/// The specifiers that a command finds in its environment too.
std::string_view variable_of(std::string_view specifier) {
    static constexpr std::pair<std::string_view, std::string_view> known[] = {
        {"%{sender}", "SENDER"},      {"%{rcpt}", "ORIGINAL_RECIPIENT"}, {"%{dest}", "RECIPIENT"},
        {"%{dest.user}", "LOCAL"},    {"%{dest.domain}", "DOMAIN"},      {"%{user.username}", "USER"},
        {"%{user.directory}", "HOME"}};
    for (const auto& [written, variable] : known) {
        if (base::iequals(written, specifier)) return variable;
    }
    return {};
}

/// The first specifier of a text as it is written.
std::string first_specifier(std::string_view text) {
    const std::size_t begins = text.find("%{");
    return std::string(text.substr(begins, text.find('}', begins) - begins + 1));
}

/// Where the environment has all of what a specifier takes a part of.
std::string_view variable_with(std::string_view specifier) {
    static constexpr std::pair<std::string_view, std::string_view> known[] = {{"%{sender", "SENDER"},
                                                                              {"%{mbox.from", "SENDER"},
                                                                              {"%{rcpt", "ORIGINAL_RECIPIENT"},
                                                                              {"%{dest", "RECIPIENT"},
                                                                              {"%{user.username", "USER"}};
    if (const std::string_view variable = variable_of(specifier); !variable.empty()) return variable;
    for (const auto& [written, variable] : known) {
        if (base::istarts_with(specifier, written)) return variable;
    }
    return "SENDER";
}

/// What is around it may be code, in which a word alone can be a name, a call, a file.
format_fault value_in_code(std::string_view text, std::size_t begins) {
    const std::string shown = first_specifier(text);
    return {begins, base::printable(shown, 64) + " stands in \"" + base::printable(text, 64) + "\", which may be code",
            "let the program read $" + std::string(variable_with(shown)) +
                " of its environment, or give the value as an argument of its own"};
}

format_fault specifier_for_shell(std::string_view text, std::size_t begins) {
    const std::size_t at = text.find("%{");
    const std::string shown = first_specifier(text);
    const std::string_view variable = variable_of(shown);
    return {begins + at,
            base::printable(shown, 64) + " in a text for the shell, which would read its value as commands",
            variable.empty() ? "give it as an argument: sh -c 'command \"$1\"' sh " + base::printable(shown, 64)
                             : "write \"$" + std::string(variable) + "\""};
}

/// "-c", "-ec" ...: the next argument is for the shell.
bool announces_text(std::string_view argument) {
    return argument.starts_with('-') && !argument.starts_with("--") && argument.find('c') != std::string_view::npos;
}

/// The argument that a shell among these reads as commands; their number if there is none.
std::size_t place_of_shell_text(const std::vector<shell_words::word>& words) {
    const auto shell = std::ranges::find_if(words, [](const auto& entry) { return is_shell(entry.text); });
    const auto option = std::find_if(shell, words.end(), [](const auto& entry) { return announces_text(entry.text); });
    return option == words.end() ? words.size() : static_cast<std::size_t>(option - words.begin()) + 1;
}

/// A program that a mail could choose in PATH would be any of the system's.
bool is_anything(const format& program) {
    const std::string& text = program.text();
    return !program.is_literal() && !text.starts_with('/') && !base::istarts_with(text, "%{user.directory}/");
}

/// What text around a raw value means to its program nobody here knows, nor whether the value ends it.
format_fault raw_in_text(std::string_view text, std::size_t begins) {
    return {begins, "a raw value is only a part of \"" + base::printable(text, 64) + "\"",
            "remove raw, or give the value as an argument of its own"};
}

/// A word as an argument. `shell_text`: the place of the one that a shell reads.
std::variant<format, format_fault> argument(const shell_words& words, std::size_t place, std::size_t shell_text) {
    const shell_words::word& one = words.words[place];
    auto parsed = format::parse(one.text);
    if (auto* wrong = std::get_if<format_fault>(&parsed)) {
        wrong->position += one.position;
        return parsed;
    }
    const auto& made = std::get<format>(parsed);
    if (place == shell_text && !made.is_literal()) return specifier_for_shell(one.text, one.position);
    if (place == 0 && one.text.empty())
        return format_fault{one.position, "the program has no name", "write a program and its arguments"};
    if (place == 0 && is_anything(made))
        return format_fault{one.position, "a value would choose the program",
                            "write its directory in front, as in /usr/bin/"};
    if (made.has_raw() && (place == 0 || !made.is_one_value())) return raw_in_text(one.text, one.position);
    if (!made.stands_in_plain_text()) return value_in_code(one.text, one.position);
    return parsed;
}

std::size_t find_mda(std::string_view text) { return base::to_lower(text).find("%{mda"); }

/// What is wrong with the place of the command in a wrapper.
std::optional<format_fault> fault_of_mda(std::string_view text, const shell_words& words, std::size_t shell_text) {
    const std::size_t at = find_mda(text);
    if (at == std::string_view::npos)
        return format_fault{0, "a wrapper without %{mda}: the command would never run", "write %{mda} behind it"};
    const format_fault for_shell{at, "%{mda} in a text for the shell", "write sh -c 'filter | \"$@\"' sh %{mda}"};
    if (words.for_shell) return for_shell;
    for (std::size_t place = 0; place < words.words.size(); ++place) {
        const std::string& word = words.words[place].text;
        if (find_mda(word) == std::string::npos) continue;
        if (place == shell_text) return for_shell;
        if (!base::iequals(word, place_of_mda))
            return format_fault{at, "%{mda} is only a part of a word", "write it as a word of its own"};
    }
    return std::nullopt;
}

}  // namespace

std::variant<wrapper, format_fault> wrapper::parse(std::string_view text) {
    auto split = split_words(text, specifiers::some);
    if (auto* wrong = std::get_if<format_fault>(&split)) return std::move(*wrong);
    const auto& words = std::get<shell_words>(split);
    const std::size_t shell_text = place_of_shell_text(words.words);
    if (auto wrong = fault_of_mda(text, words, shell_text)) return std::move(*wrong);
    wrapper made;
    made.text_ = text;
    for (std::size_t place = 0; place < words.words.size(); ++place) {
        if (base::iequals(words.words[place].text, place_of_mda)) {
            made.arguments_.emplace_back();
            continue;
        }
        auto one = argument(words, place, shell_text);
        if (auto* wrong = std::get_if<format_fault>(&one)) return std::move(*wrong);
        made.arguments_.emplace_back(std::get<format>(std::move(one)));
    }
    return made;
}

std::variant<command, format_fault> command::parse(std::string_view text) {
    auto split = split_words(text, specifiers::some);
    if (auto* wrong = std::get_if<format_fault>(&split)) return std::move(*wrong);
    const auto& words = std::get<shell_words>(split);
    command made;
    made.text_ = text;
    if (words.for_shell) {
        auto parsed = format::parse(text);
        if (auto* wrong = std::get_if<format_fault>(&parsed)) return std::move(*wrong);
        if (!std::get<format>(parsed).is_literal()) return specifier_for_shell(text, 0);
        made.arguments_ = {format::literal("/bin/sh"), format::literal("-c"), std::get<format>(std::move(parsed))};
        return made;
    }
    const std::size_t shell_text = place_of_shell_text(words.words);
    for (std::size_t place = 0; place < words.words.size(); ++place) {
        auto one = argument(words, place, shell_text);
        if (auto* wrong = std::get_if<format_fault>(&one)) return std::move(*wrong);
        made.arguments_.push_back(std::get<format>(std::move(one)));
    }
    return made;
}

std::variant<command, format_fault> command::parse_plain(std::string_view text) {
    auto split = split_words(text, specifiers::none);
    if (auto* wrong = std::get_if<format_fault>(&split)) return std::move(*wrong);
    const auto& words = std::get<shell_words>(split);
    command made;
    made.text_ = text;
    if (words.for_shell) {
        made.arguments_ = {format::literal("/bin/sh"), format::literal("-c"), format::literal(text)};
        return made;
    }
    if (words.words.front().text.empty())
        return format_fault{0, "the program has no name", "write a program and its arguments"};
    for (const shell_words::word& one : words.words) made.arguments_.push_back(format::literal(one.text));
    return made;
}

command command::wrapped_in(const wrapper& outer) const {
    command made;
    made.text_ = outer.text_;
    made.text_.replace(find_mda(made.text_), place_of_mda.size(), text_);
    for (const std::optional<format>& one : outer.arguments_) {
        if (one) {
            made.arguments_.push_back(*one);
        } else {
            made.arguments_.insert(made.arguments_.end(), arguments_.begin(), arguments_.end());
        }
    }
    return made;
}

base::result<std::vector<std::string>> command::arguments(const format_values& values) const {
    std::vector<std::string> made;
    for (const format& one : arguments_) {
        // The program is a path: a value in it may choose a file of its directory, and no other.
        auto text = made.empty() ? one.expand_program(values) : one.expand(values);
        if (text.has_error()) return text.error();
        made.push_back(std::move(*text));
    }
    return made;
}

}  // namespace waypost::delivery
