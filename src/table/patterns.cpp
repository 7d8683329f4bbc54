// All the patterns that could cover a key, for backends that can only be asked by key: the nearest first.
#include "waypost/base/ascii.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/table/services.hpp"

namespace waypost::table {

namespace {

// A name has up to 127 labels, and a stranger chooses it. Nobody writes down a wildcard that is deeper than this.
constexpr std::size_t deepest_wildcard = 16;

/// `*.example.org`, `*.org`, `*` for mx.example.org.
std::vector<std::string> wildcards_of(std::string_view name) {
    std::vector<std::string_view> parents;
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
        parents.push_back(name.substr(dot + 1));
    }
    const std::size_t skipped = parents.size() - std::min(parents.size(), deepest_wildcard);
    std::vector<std::string> made;
    made.reserve(parents.size() - skipped + 1);
    for (std::size_t i = skipped; i < parents.size(); ++i) made.push_back("*." + base::to_lower(parents[i]));
    made.emplace_back("*");
    return made;
}

/// The network of `bits` that the address is in.
template <class Bytes>
void clear_beyond(Bytes& bytes, std::size_t bits) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::size_t kept = bits > i * 8 ? std::min<std::size_t>(bits - i * 8, 8) : 0;
        bytes[i] = static_cast<unsigned char>(bytes[i] & ~(0xffU >> kept));
    }
}

template <class Address>
std::vector<std::string> networks_of(const Address& ip) {
    auto bytes = ip.to_bytes();
    std::vector<std::string> made;
    made.reserve(bytes.size() * 8 + 1);
    for (std::size_t bits = bytes.size() * 8;; --bits) {
        clear_beyond(bytes, bits);
        made.push_back(Address(bytes).to_string() + "/" + std::to_string(bits));
        if (bits == 0) return made;
    }
}

}  // namespace

std::vector<std::string> domain::patterns(std::string_view name) {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return wildcards_of(name);
}

std::vector<std::string> relayhost::patterns(std::string_view name) { return domain::patterns(name); }

std::vector<std::string> netaddr::patterns(std::string_view text) {
    const auto ip = net::parse_address(text);
    if (!ip) return {};
    return ip->is_v4() ? networks_of(ip->to_v4()) : networks_of(ip->to_v6());
}

std::vector<std::string> mailaddr::patterns(std::string_view address) const {
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos) return {};
    const std::vector<std::string> names = wildcards_of(address.substr(at + 1));
    const std::string user = base::to_lower(address.substr(0, at));
    std::vector<std::string> users;
    users.push_back(user);
    if (const std::size_t tag = user.find(tag_delimiter); tag != std::string::npos && tag > 0)
        users.push_back(user.substr(0, tag));
    users.emplace_back();
    std::vector<std::string> made;
    made.reserve(users.size() * names.size());
    for (const std::string& each : users) {
        for (const std::string& name : names) made.push_back(each + "@" + name);
    }
    return made;
}

}  // namespace waypost::table
