// The lines between a daemon and a table program, smtpd-tables(7), version 0.1. Pure: bytes in, meaning out.
//
//     table|0.1|1713800000.000001|aliases|lookup|alias|1f|gilles      ->
//                                                                      <-   lookup-result|1f|found|gilles@poolp.org
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "waypost/async/clock.hpp"
#include "waypost/table/table.hpp"

namespace waypost::table::protocol {

/// What the program is told before anything else.
[[nodiscard]] std::string greeting(std::string_view table);

struct question {
    std::string_view verb;           // update, check, lookup or fetch
    std::optional<service> service;  // none for update
    std::string_view id;
    std::string_view key;  // empty for update and fetch
};
/// The line, with its end; nothing for a key that no line can carry.
[[nodiscard]] std::optional<std::string> line_of(std::string_view table, async::wall_time now,
                                                 const question& question);
/// Whether a service is there or not is checked; for the others the value is looked up.
[[nodiscard]] std::string_view verb_for(service kind) noexcept;

struct registered {
    std::optional<service> kind;  // none: one that we do not know
};
struct ready {};
struct answer {
    std::string id;
    base::result<std::optional<std::string>> row;  // the value; "" where there is only a yes
    std::string complaint;                         // of the program, when it could not tell
};
struct nonsense {};
using event = std::variant<registered, ready, answer, nonsense>;
/// A line without its end.
[[nodiscard]] event parse(std::string_view line);

}  // namespace waypost::table::protocol
