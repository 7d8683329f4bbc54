#include "branch.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::rules {

std::string name_of(const branch& what) {
    constexpr char separator = '\0';  // in none of the parts
    std::string name = what.address.text();
    const auto append = [&name](std::string_view part) { (name += separator) += part; };
    if (what.by != nullptr) append(base::to_lower(what.user));
    append(what.list);
    append(what.ends ? "ends" : "");
    if (const auto& forwarder = what.words.forwarder) {
        append(what.words.is_forwarder ? "his" : "behind his");
        append(forwarder->name);
        append(std::to_string(forwarder->uid));
        append(forwarder->home);
    }
    return name;
}

}  // namespace waypost::rules
