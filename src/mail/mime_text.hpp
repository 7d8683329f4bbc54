// Writing MIME so that nothing that others said can end a line, a field or a part.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace waypost::mail {

inline constexpr std::string_view crlf = "\r\n";
/// No word is longer than this in a line; with what stands before it, the line keeps below 998 octets.
inline constexpr std::size_t longest_word = 900;

/// Appends `text`, which is printable, as lines of about `width` octets, each after the first starting with `indent`.
/// Breaks at blanks, in the midst of a word only where it is longer than any.
void append_folded(std::string& out, std::string_view first, std::string_view indent, std::string_view text);

/// Appends lines with CRLF at the end of each, whatever ended them before.
void append_lines(std::string& out, std::string_view text);

/// Whether lines of this text may leave as they are: 7-bit, without NUL, without CR but in line ends, and no line
/// over 998 octets (RFC 5321 section 4.5.3.1.6, RFC 2045 section 2.7).
[[nodiscard]] bool is_seven_bit_text(std::string_view text);

/// Appends the lines of `text` in quoted-printable (RFC 2045 section 6.7), with CRLF at the end of each.
void append_quoted_printable(std::string& out, std::string_view text);

/// A boundary that does not occur in `content`. Whoever wrote that may have guessed our ids, so it is read once only:
/// among n + 1 numbered boundaries, n occurrences leave one free.
[[nodiscard]] std::string choose_boundary(std::string_view message_id, std::string_view content);

}  // namespace waypost::mail
