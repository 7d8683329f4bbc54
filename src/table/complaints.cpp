#include "waypost/table/complaints.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::table {

void complaints::tell(surroundings& around, std::string_view table, std::string_view row, std::string_view reason) {
    const auto now = around.clock.now();
    std::string text = "its row \"" + base::printable(row, 128) + "\" cannot be used: " + std::string(reason);
    if (const auto before = told_.find(text); before != told_.end() && now < before->second + pause) return;
    std::erase_if(told_, [&](const auto& each) { return now >= each.second + pause; });
    if (told_.size() >= most) return;
    around.warn(table, text);
    told_.insert_or_assign(std::move(text), now);
}

}  // namespace waypost::table
