#include "waypost/table/static_table.hpp"

#include "waypost/base/ascii.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::table {

namespace {

/// "[2001:DB8::1]", "2001:db8:0:0::1" and "2001:db8::1" are one key. Only what has a colon can be written in several
/// ways.
std::string canonical(std::string_view key) {
    if (key.find(':') != std::string_view::npos) {
        if (auto ip = net::parse_address(key)) return ip->to_string();
    }
    return base::to_lower(key);
}

}  // namespace

static_table::static_table(std::string name, entries rows) : name_(std::move(name)) { replace(std::move(rows)); }

void static_table::replace(entries rows) {
    rows_ = std::move(rows);
    index_.clear();
    patterns_.clear();
    next_ = 0;
    index_.reserve(rows_.rows.size());
    for (std::size_t i = 0; i < rows_.rows.size(); ++i) {
        const std::string& key = rows_.rows[i].first;
        index_.insert_or_assign(canonical(key), i);
        if (key.find_first_of("*/") != std::string::npos) patterns_.push_back(i);
    }
}

async::awaitable<base::result<std::optional<std::string>>> static_table::lookup(service kind, std::string key) {
    if (kind == service::regex) co_return std::nullopt;  // its keys are expressions, equal to nothing
    const auto found = index_.find(key);
    if (found == index_.end()) co_return std::nullopt;
    co_return rows_.rows[found->second].second;
}

async::awaitable<base::result<std::optional<std::string>>> static_table::lookup_pattern(service kind,
                                                                                        pattern_match matches) {
    if (kind == service::regex) {
        for (const auto& [key, value] : rows_.rows) {
            if (matches(key)) co_return value;
        }
        co_return std::nullopt;
    }
    for (const std::size_t i : patterns_) {
        const auto& [key, value] = rows_.rows[i];
        if (matches(key)) co_return value;
    }
    co_return std::nullopt;
}

async::awaitable<base::result<std::optional<std::string>>> static_table::fetch(service) {
    if (rows_.rows.empty()) co_return std::nullopt;
    const auto& [key, value] = rows_.rows[next_];
    next_ = (next_ + 1) % rows_.rows.size();
    co_return rows_.is_map ? value : key;
}

}  // namespace waypost::table
