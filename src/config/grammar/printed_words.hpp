// The smallest pieces of printed configuration: strings, times, sizes and tables, as the lexer and the grammar read
// them back, and what is shown of secrets.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "waypost/config/grammar/model.hpp"

namespace waypost::config {

/// A string as the lexer reads it back.
[[nodiscard]] std::string in_quotes(const std::string& text);
/// Without quotes where none are needed.
[[nodiscard]] std::string plain(const std::string& text);
/// The name of a table: like plain(), but words of the old grammar are names.
[[nodiscard]] std::string table_name(const std::string& text);
[[nodiscard]] std::string delay(std::chrono::seconds time);
[[nodiscard]] std::string size(std::uint64_t bytes);

/// What is shown of a table's rows. Of secrets the keys; a value that only names its secret may be seen too. Of URLs
/// those that are right, for only a wrong one can hold a password. Of what only tells who is in it, the keys. Of what
/// nothing uses, entries that cannot be a user with a password. Of everything, what does not look like a secret.
enum class shown { everything, urls, no_secrets, keys, unused };
[[nodiscard]] std::string rows(const table_rows& target_rows, shown style);
/// A secret in quotes: what only names it as it is, everything else as stars.
[[nodiscard]] std::string masked(const std::string& secret);
/// `<name>`, a string or rows.
[[nodiscard]] std::string use(const table_use& table, shown style = shown::everything);

}  // namespace waypost::config
