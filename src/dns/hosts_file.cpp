#include "hosts_file.hpp"

#include "hostent.hpp"
#include "library.hpp"

namespace waypost::dns {

hosts_file::hosts_file() {
    use_library();
    char file_only[] = "f";
    ares_options options = {};
    options.lookups = file_only;
    options.flags = ARES_FLAG_NOSEARCH;
    check(::ares_init_options(&handle_, &options, ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_FLAGS),
          "cannot set up the resolver");
}

hosts_file::~hosts_file() { ::ares_destroy(handle_); }

std::vector<net::address> hosts_file::addresses(const std::string& name) const {
    std::vector<net::address> all;
    for (const int family : {AF_INET, AF_INET6}) {
        hostent* made = nullptr;
        const int status = ::ares_gethostbyname_file(handle_, name.c_str(), family, &made);
        const hostent_ptr found(made);
        if (status != ARES_SUCCESS || !found) continue;
        for (const net::address& each : addresses_of(*found)) all.push_back(each);
    }
    return all;
}

std::vector<std::string> hosts_file::names(const net::address& given) const {
    const net::address ip = net::unmapped(given);
    std::vector<std::string> found;
    const auto take = [](void* names, int status, int /*timeouts*/, hostent* host) {
        if (status != ARES_SUCCESS || host == nullptr || host->h_name == nullptr) return;
        static_cast<std::vector<std::string>*>(names)->emplace_back(host->h_name);
    };
    if (ip.is_v4()) {
        const auto bytes = ip.to_v4().to_bytes();
        ::ares_gethostbyaddr(handle_, bytes.data(), static_cast<int>(bytes.size()), AF_INET, take, &found);
    } else {
        const auto bytes = ip.to_v6().to_bytes();
        ::ares_gethostbyaddr(handle_, bytes.data(), static_cast<int>(bytes.size()), AF_INET6, take, &found);
    }
    return found;
}

}  // namespace waypost::dns
