// Configurations as text, and what becomes of them, for the tests of this room.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/config/grammar/parse.hpp"

namespace waypost::config {

/// Joins lines: the text of a file.
inline std::string lines(std::initializer_list<std::string_view> all) {
    std::string text;
    for (const std::string_view one : all) text.append(one).append("\n");
    return text;
}

/// All faults and warnings of a text called "t", as they are printed.
inline std::vector<std::string> faults_of(const std::string& text, const macros& macros = {}) {
    std::vector<std::string> shown;
    for (const diagnostic& one : parse_text(text, "t", macros).faults) shown.push_back(to_string(one));
    return shown;
}

/// The only fault of a text, or all of them where one was expected.
inline std::string fault_of(const std::string& text, const macros& macros = {}) {
    std::string all;
    for (const std::string& one : faults_of(text, macros)) all += (all.empty() ? "" : "\n") + one;
    return all;
}

/// The model of a text that has no faults; what they are shows in the exception otherwise.
inline model model_of(const std::string& text, const macros& macros = {}) {
    parsed read = parse_text(text, "t", macros);
    if (!read.faults.empty()) throw std::runtime_error(fault_of(text, macros));
    return std::move(read.model);
}

/// A directory that goes when it ends.
class scratch_directory {
public:
    scratch_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "waypost-config-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
        path_ = name;
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, std::string_view text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
        return file(name);
    }

private:
    std::filesystem::path path_;
};

}  // namespace waypost::config
