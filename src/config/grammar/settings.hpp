// What is set for the daemon as a whole, a table a directive. Each option is declared once, there.
#pragma once

#include <span>

#include "option.hpp"

namespace waypost::config {

/// In the order in which they are printed.
[[nodiscard]] std::span<const option<model>> daemon_settings();

// queue_settings.cpp
[[nodiscard]] std::span<const option<model>> queue_settings();
void read_warn_intervals(cursor& cursor, model& model, const token& word);
void print_warn_intervals(const model& model, const config::model& usual, std::vector<std::string>& pieces);

// smtp_settings.cpp
[[nodiscard]] std::span<const option<model>> smtp_settings();

// mta_settings.cpp
[[nodiscard]] std::span<const option<model>> mta_settings();
/// What one `mta limit` says.
struct limits_reading {
    relay::limits limits = {};
    std::optional<std::size_t> window = std::nullopt;
    bool is_for_domain = false;
    bool names_family = false;
};
[[nodiscard]] std::span<const option<limits_reading>> mta_limit_options();

// mda_settings.cpp
[[nodiscard]] std::span<const option<model>> mda_settings();
[[nodiscard]] std::span<const option<srs_definition>> srs_options();
void read_srs(cursor& cursor, model& model, const token& word);
void print_srs(const model& model, const config::model& usual, std::vector<std::string>& pieces);

}  // namespace waypost::config
