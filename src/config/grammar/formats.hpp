// How the values of options are written: what reads them, what prints them so that they read back, and what the
// reference page says of them. A format is a value in a table of options; it holds what its faults say.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "printed_words.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/config/grammar/model.hpp"
#include "waypost/config/syntax/cursor.hpp"

namespace waypost::config {

/// N
struct count {
    using value = std::size_t;
    std::string_view subject;  // "a number of recipients"
    std::uint64_t least = 1;
    std::uint64_t most = 1'000'000;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(value number) const;
    [[nodiscard]] std::string syntax() const;
};

/// N[K|M|G]
struct octets {
    using value = std::uint64_t;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(value number) const;
    [[nodiscard]] std::string syntax() const;
};

/// N{s|m|h|d}
struct time_span {
    using value = std::chrono::seconds;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(value time) const;
    [[nodiscard]] std::string syntax() const;
};

/// A number of seconds, as OpenSMTPD has it in `mta limit`, or a time with its unit.
struct pause {
    using value = async::duration;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(value time) const;
    [[nodiscard]] std::string syntax() const;
};

/// N%
struct percentage {
    using value = unsigned;
    unsigned most = 100;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(value number) const;
    [[nodiscard]] std::string syntax() const;
};

/// A string. It is printed in quotes, or without where it needs none.
struct string_value {
    using value = located_string;
    std::string_view subject;  // "the name of a pki"
    bool has_quotes = true;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(const value& text) const;
    [[nodiscard]] std::string syntax() const;
};

struct domain_name {
    using value = located_string;
    std::string_view subject = "a host name";
    bool has_quotes = false;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(const value& text) const;
    [[nodiscard]] std::string syntax() const;
};

/// user@domain, @domain or user.
struct sender_address {
    using value = located_string;
    std::string_view option;  // which wants it

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(const value& text) const;
    [[nodiscard]] std::string syntax() const;
};

/// `<name>`, a string, `{ a, b }` or `{ k = v }`.
struct table_or_rows {
    using value = table_use;
    std::string_view subject;  // "a table of aliases"
    shown style = shown::everything;

    [[nodiscard]] value read(cursor& cursor) const;
    [[nodiscard]] std::string print(const value& table) const;
    [[nodiscard]] std::string syntax() const;
};

}  // namespace waypost::config
