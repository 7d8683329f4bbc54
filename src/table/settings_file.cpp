#include "settings_file.hpp"

#include <algorithm>
#include <tuple>

#include "table_file.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::table {

settings_file settings_file::read(const std::string& path) {
    auto text = read_text(path);
    if (const auto* text_of = std::get_if<std::string>(&text)) return parse(path, *text_of);
    settings_file made(path);
    made.readable_ = false;
    made.wrong(0, "it cannot be read: " + std::get<file_fault>(text).text);
    return made;
}

settings_file settings_file::parse(std::string path, std::string_view text) {
    settings_file made(std::move(path));
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    std::size_t number = 0;
    for (std::string_view line : base::split(text, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        while (!line.empty() && base::is_blank(line.front())) line.remove_prefix(1);
        if (line.empty() || line.front() == '#') continue;
        const std::string_view key = line.substr(0, line.find_first_of(" \t:"));
        const std::string shown = "\"" + base::printable(key, 64) + "\"";
        std::string_view value = line.substr(std::min(key.size() + 1, line.size()));
        while (!value.empty() && base::is_blank(value.front())) value.remove_prefix(1);
        if (line.find('\0') != std::string_view::npos) {
            made.wrong(number, "a NUL byte: this is no text file");
            break;
        }
        const auto other = made.settings_.find(key);
        if (key.empty()) {
            made.wrong(number, "a value without a key");
        } else if (other != made.settings_.end()) {
            made.wrong(number, shown + " is there already, in line " + std::to_string(other->second.line),
                       "remove one of them");
        } else {
            if (value.empty()) made.wrong(number, shown + " has no value");
            made.settings_[std::string(key)] = {std::string(value), number};
        }
    }
    return made;
}

std::optional<settings_file::setting> settings_file::take(const std::string& key) {
    names_.push_back(key);
    const auto at = settings_.find(key);
    if (at == settings_.end()) return std::nullopt;
    auto taken = std::move(at->second);
    settings_.erase(at);
    if (taken.value.empty()) return std::nullopt;  // parse() has said so
    return taken;
}

std::optional<settings_file::setting> settings_file::require(const std::string& key, std::string hint) {
    const bool there = settings_.contains(key);
    auto taken = take(key);
    if (!there && readable_) wrong(0, "\"" + key + "\" is missing", std::move(hint));
    return taken;
}

std::size_t settings_file::take_number(const std::string& key, std::size_t otherwise) {
    const auto taken = take(key);
    if (!taken) return otherwise;
    const auto number = base::parse_number(base::trim(taken->value));
    if (number && *number > 0 && *number <= 1'000'000'000) return static_cast<std::size_t>(*number);
    wrong(taken->line, "\"" + key + "\" is no number from 1 on", "write " + key + " " + std::to_string(otherwise));
    return otherwise;
}

void settings_file::wrong(std::size_t line, std::string text, std::string hint) {
    faults_.push_back({path_, line, std::move(text), std::move(hint), false});
}

std::vector<fault> settings_file::faults() && {
    std::string all;
    for (const std::string& key : names_) all += (all.empty() ? "" : ", ") + key;
    for (const auto& [key, one] : settings_) {
        wrong(one.line, "\"" + base::printable(key, 64) + "\" is no key of this file", "there are " + all);
    }
    std::ranges::sort(faults_, {}, [](const fault& fault) { return std::tie(fault.line, fault.text); });
    return std::move(faults_);
}

}  // namespace waypost::table
