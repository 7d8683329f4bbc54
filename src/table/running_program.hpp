// The process of a table's program: its standard input and output are one socket of ours, its standard error another.
// It ends with this object. Of our environment it has what names the place and the language: credentials may be in the
// rest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "waypost/process/spawn.hpp"

namespace waypost::table {

class running_program {
public:
    /// Blocks for as long as the system needs to begin it. Without `user`, as whom we are.
    [[nodiscard]] static base::result<running_program> start(
        const std::vector<std::string>& arguments, const std::optional<process::user_identity>& user = std::nullopt);
    running_program(running_program&&) noexcept = default;
    running_program& operator=(running_program&&) = delete;
    /// Asks it to end and, if it has not a moment later, ends it. Blocks.
    ~running_program();

    [[nodiscard]] int talk() const noexcept { return talk_.get(); }
    [[nodiscard]] int errors() const noexcept { return errors_.get(); }  // -1: closed
    void close_errors() { errors_.close(); }

private:
    running_program(process::child child, process::descriptor talk, process::descriptor errors)
        : child_(std::move(child)), talk_(std::move(talk)), errors_(std::move(errors)) {}

    process::child child_;
    process::descriptor talk_;
    process::descriptor errors_;
};

}  // namespace waypost::table
