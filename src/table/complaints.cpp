#include "waypost/table/complaints.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::table {

void complaints::tell(dependencies& context, std::string_view table, std::string_view row, std::string_view reason) {
    const auto now = context.clock.now();
    std::string text = "its row \"" + base::printable(row, 128) + "\" cannot be used: " + std::string(reason);
    if (const auto before = last_told_.find(text); before != last_told_.end() && now < before->second + pause) return;
    std::erase_if(last_told_, [&](const auto& entry) { return now >= entry.second + pause; });
    if (last_told_.size() >= most) return;
    context.warn(table, text);
    last_told_.insert_or_assign(std::move(text), now);
}

}  // namespace waypost::table
