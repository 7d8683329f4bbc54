// What may be shown of a text in which somebody may have written a secret: by what it looks like, whatever it is for.
#pragma once

#include <string>
#include <string_view>

#include "waypost/config/load.hpp"

namespace waypost::config {

/// The text with stars for hashes of passwords, passwords in URLs (`scheme://user:password@host`), and the values of
/// what is called a password, a secret, a token or a key (`--password x`, `token=x`).
[[nodiscard]] std::string without_secrets(std::string_view text);
/// Of a command line also each word behind one that is called so (`password x`).
[[nodiscard]] std::string command_without_secrets(std::string_view text);

/// What a person may see of a table's answer. In a table of credentials every value is one, whatever it is asked for
/// as; what `credentials` is asked for by key is masked already.
[[nodiscard]] std::string shown_row(const loaded& settings, const table::table& rows, table::service service,
                                    bool by_key, const std::string& row);

}  // namespace waypost::config
