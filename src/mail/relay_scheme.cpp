#include "relay_scheme.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace waypost::mail {
namespace {

// What people write who have another program in mind.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> strangers = {{
    {"smtp+auth", "tls+auth"},
    {"starttls", "smtp+tls"},
    {"smtp+starttls", "smtp+tls"},
    {"smtptls", "smtp+tls"},
}};

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

std::string all_schemes() {
    std::string list;
    for (const scheme& known : schemes) {
        if (!list.empty()) list += ", ";
        list += known.name;
    }
    return list;
}

}  // namespace

std::string suggest_scheme(std::string_view name) {
    std::string_view nearest;
    std::size_t best = 3;  // further away it is another word
    for (const scheme& known : schemes) {
        const std::size_t apart = distance(name, known.name);
        if (apart < best && apart < name.size()) {
            best = apart;
            nearest = known.name;
        }
    }
    for (const auto& [written, meant] : strangers) {
        if (name == written) nearest = meant;
    }
    if (nearest.empty()) return "one of " + all_schemes();
    return "did you mean '" + std::string(nearest) + "://'?";
}

}  // namespace waypost::mail
