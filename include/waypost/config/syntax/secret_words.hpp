// What may be shown of a text in which somebody may have written a secret: by what it looks like, whatever it is for.
#pragma once

#include <string>
#include <string_view>

namespace waypost::config {

inline constexpr std::string_view stars = "********";

/// The text with stars for hashes of passwords, passwords in URLs (`scheme://user:password@host`), and the values of
/// what is called a password, a secret, a token or a key (`--password x`, `token=x`).
[[nodiscard]] std::string without_secrets(std::string_view text);
/// Of a command line also each word behind one that is called so (`password x`).
[[nodiscard]] std::string command_without_secrets(std::string_view text);

}  // namespace waypost::config
