// A program that runs for us: its standard input and output are one socket of ours, its standard error another. It
// ends with this object. Of our environment it has what names the place and the language: credentials may be in the
// rest.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "waypost/base/start_as.hpp"

namespace waypost::table {

class child_process {
public:
    /// Blocks for as long as the system needs to begin it. The error is errno's.
    [[nodiscard]] static std::variant<child_process, int> start(
        const std::vector<std::string>& arguments, const std::optional<base::user_identity>& user = std::nullopt);
    /// Asks it to end and, if it has not a moment later, ends it. Blocks.
    ~child_process();
    child_process(child_process&& source) noexcept
        : pid_(std::exchange(source.pid_, -1)),
          talk_(std::exchange(source.talk_, -1)),
          errors_(std::exchange(source.errors_, -1)) {}
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    [[nodiscard]] int talk() const noexcept { return talk_; }
    [[nodiscard]] int errors() const noexcept { return errors_; }  // -1: closed
    void close_errors();

private:
    child_process() = default;

    pid_t pid_ = -1;
    int talk_ = -1;
    int errors_ = -1;
};

/// The words of a command line: between blanks, in '' or in "". No shell ever sees it. Nothing if a quote has no end.
[[nodiscard]] std::vector<std::string> split_command(std::string_view line);

}  // namespace waypost::table
