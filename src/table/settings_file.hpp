// The configuration file of a backend, `table NAME backend:/file`: a key and its value a line, read once for all
// backends, so that each only says which keys it has.
//
// A key ends at a blank or a colon; leading blanks of the value go, and all the rest of the line belongs to it. `#` in
// front is a comment. A key that comes twice, has no value or is nobody's is a fault: with OpenSMTPD the last one wins
// and the others are silent.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/table/dependencies.hpp"

namespace waypost::table {

class settings_file {
public:
    struct setting {
        std::string value;
        std::size_t line = 0;
    };

    /// Blocks.
    [[nodiscard]] static settings_file read(const std::string& path);
    [[nodiscard]] static settings_file parse(std::string path, std::string_view text);

    [[nodiscard]] std::optional<setting> take(const std::string& key);
    /// Its absence is a fault; `hint` is an example.
    [[nodiscard]] std::optional<setting> require(const std::string& key, std::string hint);
    /// A whole number from 1 on.
    [[nodiscard]] std::size_t take_number(const std::string& key, std::size_t otherwise);
    void wrong(std::size_t line, std::string text, std::string hint = {});
    /// All that is wrong, with the keys that nobody took.
    [[nodiscard]] std::vector<fault> faults() &&;

private:
    explicit settings_file(std::string path) : path_(std::move(path)) {}

    std::string path_;
    bool readable_ = true;
    std::map<std::string, setting, std::less<>> settings_;
    std::vector<std::string> names_;
    std::vector<fault> faults_;
};

}  // namespace waypost::table
