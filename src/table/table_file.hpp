// The text format of table files, as OpenSMTPD's: an entry a line, `#` comments, a key that ends at a blank or a colon
// and the rest as its value. The first entry decides whether the file is a list or a map; `# @list` as the first line
// forces a list (of entries with colons in them). CRLF and a byte order mark are tolerated; NUL and a key over 1024
// bytes are not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "waypost/table/entries.hpp"

namespace waypost::table {

struct file_fault {
    std::size_t line = 0;  // 0: the file as a whole
    std::string text;
};
/// Rows in the text that are `judges` to judge: a bad one is the fault of all, for what may be used goes to `doubts`.
struct row_check {
    std::vector<row_judge> judges;
    std::vector<file_fault> doubts = {};
    static constexpr std::size_t most_doubts = 10;
};
[[nodiscard]] std::variant<entries, file_fault> parse_table_file(std::string_view text, row_check* check = nullptr);
/// Whether a last line without its end is one, or what there is so far of a file that is being written.
enum class last_line : bool { as_it_is, only_with_its_end };
/// Reads a regular file; blocks.
[[nodiscard]] std::variant<std::string, file_fault> read_text(const std::string& path, std::size_t largest = 1U << 30,
                                                              last_line end = last_line::as_it_is);
[[nodiscard]] std::variant<entries, file_fault> read_table_file(const std::string& path, row_check* check = nullptr,
                                                                last_line end = last_line::as_it_is);

}  // namespace waypost::table
