#include "pending_node.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::rules {

std::string name_of(const pending_node& pending_node) {
    constexpr char separator = '\0';  // in none of the parts
    std::string name = pending_node.address.text();
    const auto append = [&name](std::string_view part) { (name += separator) += part; };
    if (pending_node.rule != nullptr) append(base::to_lower(pending_node.user));
    append(pending_node.list);
    append(pending_node.ends ? "ends" : "");
    if (const auto& forwarder = pending_node.words.forwarder) {
        append(pending_node.words.is_forwarder ? "his" : "behind his");
        append(forwarder->name);
        append(std::to_string(forwarder->uid));
        append(forwarder->home);
    }
    return name;
}

}  // namespace waypost::rules
