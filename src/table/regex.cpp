// The regex service, over the system's POSIX expressions.
#include <regex.h>

#include <memory>
#include <unordered_map>

#include "waypost/base/ascii.hpp"
#include "waypost/table/services.hpp"

namespace waypost::table {

namespace {

class expression {
public:
    explicit expression(std::string_view text) {
        int flags = REG_EXTENDED | REG_NOSUB;
        if (text.starts_with("(?i)")) {
            flags |= REG_ICASE;
            text.remove_prefix(4);
        }
        if (text.find('\0') != std::string_view::npos) {
            fault_ = "NUL byte";
            return;
        }
        const int error = ::regcomp(&compiled_, std::string(text).c_str(), flags);
        if (error == 0) return;
        char words[256] = {};
        ::regerror(error, &compiled_, words, sizeof words);
        fault_ = words;
    }
    ~expression() {
        if (fault_.empty()) ::regfree(&compiled_);
    }
    expression(const expression&) = delete;
    expression& operator=(const expression&) = delete;

    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    [[nodiscard]] bool matches(const std::string& text) const {
        return fault_.empty() && ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
    }

private:
    regex_t compiled_ = {};
    std::string fault_;
};

/// Compiling takes some fifty times as long as matching, and the same few expressions are asked for every recipient.
/// They are pure values of their text, so where they are kept shows nowhere; a configuration has far fewer than the
/// limit.
const expression& compiled(std::string_view text) {
    constexpr std::size_t limit = 1024;
    thread_local std::unordered_map<std::string, std::unique_ptr<expression>> known;
    std::string key(text);
    if (const auto found = known.find(key); found != known.end()) return *found->second;
    if (known.size() >= limit) known.clear();
    return *known.emplace(std::move(key), std::make_unique<expression>(text)).first->second;
}

}  // namespace

std::optional<std::string> fault_of_regex(std::string_view text) {
    const expression tried(text);
    if (tried.fault().empty()) return std::nullopt;
    return tried.fault();
}

std::vector<std::string> regex::candidates(std::string_view) { return {}; }

std::vector<std::string> regex::patterns(std::string_view text) { return {base::to_lower(text)}; }

bool regex::covers(std::string_view stored, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return false;
    const expression& one = compiled(stored);
    const std::string as_it_is(text);
    if (one.matches(as_it_is)) return true;
    const std::string folded = base::to_lower(text);
    return folded != as_it_is && one.matches(folded);
}

std::optional<row_fault> regex::fault_of(std::string_view key, std::string_view) {
    const auto fault = fault_of_regex(key);
    if (!fault) return std::nullopt;
    return row_fault{"\"" + base::printable(key, 64) + "\" is no regular expression: " + *fault,
                     "write a POSIX extended expression"};
}

base::result<std::string> regex::parse(std::string_view key, std::string_view row) {
    return std::string(row.empty() ? key : row);
}

}  // namespace waypost::table
