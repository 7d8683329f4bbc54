#include "waypost/table/table.hpp"

#include <algorithm>

namespace waypost::table {

namespace {

const char* text_of(errc value) noexcept {
    switch (value) {
        case errc::unavailable: return "table unavailable";
        case errc::malformed_row: return "row of the table cannot be understood";
    }
    return "unknown table error";
}

// A backend that can only fetch makes a trip for each of them.
constexpr std::size_t longest_round = 64;

constexpr base::simple_category<errc> category("waypost.table", &text_of);

}  // namespace

base::error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), category}; }

std::string_view name_of(service kind) noexcept {
    switch (kind) {
        case service::alias: return "alias";
        case service::domain: return "domain";
        case service::credentials: return "credentials";
        case service::netaddr: return "netaddr";
        case service::userinfo: return "userinfo";
        case service::source: return "source";
        case service::mailaddr: return "mailaddr";
        case service::addrname: return "addrname";
        case service::mailaddrmap: return "mailaddrmap";
        case service::relayhost: return "relayhost";
        case service::string: return "string";
        case service::regex: return "regex";
    }
    return "unknown";
}

std::optional<service> service_named(std::string_view name) noexcept {
    for (const service kind : all_services) {
        if (name_of(kind) == name) return kind;
    }
    return std::nullopt;
}

async::awaitable<base::result<std::optional<found>>> table::lookup_first(service kind, std::vector<std::string> keys) {
    for (std::string& key : keys) {
        auto row = co_await lookup(kind, key);
        if (row.has_error()) co_return row.error();
        if (row->has_value()) co_return std::optional(found{std::move(key), std::move(**row)});
    }
    co_return std::optional<found>();
}

async::awaitable<base::result<std::vector<std::string>>> table::list(service kind, std::size_t up_to) {
    const std::size_t most = std::min(up_to, longest_round);
    std::vector<std::string> round;
    while (round.size() < most) {
        auto entry = co_await fetch(kind);
        if (entry.has_error()) co_return entry.error();
        if (!entry->has_value()) co_return round;
        if (!round.empty() && **entry == round.front()) break;
        round.push_back(std::move(**entry));
    }
    // One of the second round is taken; with the rest of it the turn is where it was.
    const bool went_round = round.size() < most;
    for (std::size_t i = 1; went_round && i < round.size(); ++i) {
        const auto passed = co_await fetch(kind);
        if (passed.has_error()) co_return passed.error();
    }
    co_return round;
}

async::awaitable<base::result<>> table::reload() { co_return base::result<>(); }

table* table_named(const std::vector<std::unique_ptr<table>>& tables, std::string_view name) {
    const auto one = std::ranges::find_if(tables, [name](const auto& entry) { return entry->name() == name; });
    return one == tables.end() ? nullptr : one->get();
}

}  // namespace waypost::table
