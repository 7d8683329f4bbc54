#include "branch.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::rules {

std::string name_of(const branch& branch) {
    constexpr char separator = '\0';  // in none of the parts
    std::string name = branch.address.text();
    const auto append = [&name](std::string_view part) { (name += separator) += part; };
    if (branch.rule != nullptr) append(base::to_lower(branch.user));
    append(branch.list);
    append(branch.ends ? "ends" : "");
    if (const auto& forwarder = branch.words.forwarder) {
        append(branch.words.is_forwarder ? "his" : "behind his");
        append(forwarder->name);
        append(std::to_string(forwarder->uid));
        append(forwarder->home);
    }
    return name;
}

}  // namespace waypost::rules
