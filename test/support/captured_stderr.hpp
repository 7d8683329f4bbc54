// Standard error goes to a file for as long as this lives: the test may read it, and its own output stays readable.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temporary_directory.hpp"
#include "waypost/base/ascii.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WAYPOST_TEST_SANITIZED 1
#include <sanitizer/common_interface_defs.h>
#endif
#endif

namespace waypost::test {

class captured_stderr {
public:
    captured_stderr() : saved_(::fcntl(2, F_DUPFD_CLOEXEC, 3)) {
        const int file = ::open(path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dup2(file, 2);
        ::close(file);
        report_to(saved_);
    }
    ~captured_stderr() { restore(); }
    captured_stderr(const captured_stderr&) = delete;
    captured_stderr& operator=(const captured_stderr&) = delete;

    [[nodiscard]] std::string text() const { return read_file(path()); }
    [[nodiscard]] std::vector<std::string> lines() const {
        const std::string all = text();
        std::vector<std::string> each;
        for (const std::string_view line : base::split(all, '\n')) each.emplace_back(line);
        each.pop_back();  // what follows the last line's end
        return each;
    }
    /// What stands there now. The log's lines are written by a thread of its own: for those, ask comes().
    [[nodiscard]] bool has(std::string_view words) const { return text().find(words) != std::string::npos; }
    /// Whether the words are there before a deadline that only a broken log reaches.
    [[nodiscard]] bool comes(std::string_view words) const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (!has(words)) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::yield();
        }
        return true;
    }
    void restore() {
        if (saved_ < 0) return;
        report_to(2);
        ::dup2(saved_, 2);
        ::close(std::exchange(saved_, -1));
    }

private:
    [[nodiscard]] std::string path() const { return directory_ / "stderr"; }
    /// What a sanitizer has to say must not end in the file.
    static void report_to([[maybe_unused]] int file) {
#if defined(WAYPOST_TEST_SANITIZED)
        __sanitizer_set_report_fd(reinterpret_cast<void*>(static_cast<std::intptr_t>(file)));
#endif
    }

    temporary_directory directory_;
    int saved_;
};

}  // namespace waypost::test
