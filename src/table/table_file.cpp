#include "table_file.hpp"

#include <algorithm>
#include <optional>

#include "waypost/base/ascii.hpp"
#include "waypost/process/files.hpp"

namespace waypost::table {

namespace {

constexpr std::size_t max_key = 1024;  // OpenSMTPD's
constexpr std::size_t largest_file = 1U << 30;

struct entry {
    std::string_view key;
    std::string_view value;  // empty: the line has none
};

std::string_view without_leading_blanks(std::string_view text) {
    while (!text.empty() && base::is_blank(text.front())) text.remove_prefix(1);
    return text;
}

/// "key value", "key: value", "key : value" (aliases as makemap and Postfix take them), "key:value", "key". The blanks
/// at the end of a value belong to it.
entry split_entry(std::string_view line) {
    const std::size_t end = std::min(line.find_first_of(" \t:"), line.size());
    std::string_view value = without_leading_blanks(line.substr(std::min(end + 1, line.size())));
    while (value.starts_with(':') && (value.size() == 1 || base::is_blank(value[1]))) {
        value = without_leading_blanks(value.substr(1));
    }
    return {line.substr(0, end), value};
}

class parser {
public:
    explicit parser(row_check* check) : check_(check) {}

    std::variant<entries, file_fault> run(std::string_view text) {
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
        for (std::size_t number = 1; !text.empty(); ++number) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.ends_with('\r')) line.remove_suffix(1);
            const std::size_t before = entries_.rows.size();
            if (const char* wrong = take(line)) return file_fault{blamed_ != 0 ? blamed_ : number, wrong};
            if (first_line_ == 0 && !entries_.rows.empty()) first_line_ = number;
            if (check_ == nullptr || entries_.rows.size() == before) continue;
            if (auto wrong = judge(entries_.rows.back(), number)) return std::move(*wrong);
        }
        entries_.is_map = kind_ != kind::list;
        return std::move(entries_);
    }

private:
    enum class kind { unknown, list, map };

    const char* take(std::string_view line) {
        if (line.find('\0') != std::string_view::npos) return "a NUL byte: this is no text file";
        line = without_leading_blanks(line);
        if (line.empty()) return nullptr;
        if (line.front() == '#') {
            if (kind_ == kind::unknown && base::trim(line.substr(1)) == "@list") kind_ = forced_ = kind::list;
            return nullptr;
        }
        const entry one = forced_ == kind::list ? entry{base::trim(line), {}} : split_entry(line);
        if (one.key.empty()) return "an entry without a key";
        if (one.key.size() > max_key) return "a key longer than 1024 bytes";
        const kind here = one.value.empty() ? kind::list : kind::map;
        if (kind_ == kind::unknown) {
            kind_ = here;
            first_has_comment_ = one.value.starts_with('#');
        }
        if (here != kind_) {
            if (one.value.starts_with('#')) return behind_entry;
            if (first_has_comment_) {
                blamed_ = first_line_;
                return behind_entry;
            }
            return kind_ == kind::list
                       ? "a value in a list; the first entry has none (\"# @list\" as the first line makes "
                         "each line one entry)"
                       : "an entry without a value; the first entry has one";
        }
        entries_.rows.emplace_back(one.key, one.value);
        return nullptr;
    }

    std::optional<file_fault> judge(const std::pair<std::string, std::string>& row, std::size_t line) {
        for (const row_judge each : check_->judges) {
            auto wrong = each(row.first, row.second);
            if (!wrong) continue;
            if (!wrong->warning) return file_fault{line, std::move(wrong->text)};
            if (check_->doubts.size() < row_check::most_doubts)
                check_->doubts.push_back({line, std::move(wrong->text)});
        }
        return std::nullopt;
    }

    static constexpr const char* behind_entry =
        "a comment behind an entry, which makes it a value; comments stand on lines of their own";

    row_check* check_;
    entries entries_;
    kind kind_ = kind::unknown;    // an empty file is a map
    kind forced_ = kind::unknown;
    std::size_t first_line_ = 0;  // that has an entry
    bool first_has_comment_ = false;
    std::size_t blamed_ = 0;  // an earlier line than the one where the fault shows
};

}  // namespace

std::variant<entries, file_fault> parse_table_file(std::string_view text, row_check* check) {
    return parser(check).run(text);
}

std::variant<std::string, file_fault> read_text(const std::string& path, std::size_t largest, last_line end) {
    auto read = process::read_file(path, largest);
    if (auto* refused = std::get_if<process::unreadable>(&read)) return file_fault{0, std::move(refused->reason)};
    auto& text = std::get<std::string>(read);
    if (end == last_line::only_with_its_end) text.resize(text.rfind('\n') + 1);
    return std::move(text);
}

std::variant<entries, file_fault> read_table_file(const std::string& path, row_check* check, last_line end) {
    const auto text = read_text(path, largest_file, end);
    if (const auto* fault = std::get_if<file_fault>(&text)) return *fault;
    return parse_table_file(std::get<std::string>(text), check);
}

}  // namespace waypost::table
