// What c-ares makes of an answer about a host.
#pragma once

#include <ares.h>
#include <netdb.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "waypost/net/endpoint.hpp"

namespace waypost::dns {

struct free_hostent {
    void operator()(hostent* found) const noexcept { ::ares_free_hostent(found); }
};
using hostent_ptr = std::unique_ptr<hostent, free_hostent>;

[[nodiscard]] inline std::vector<net::address> addresses_of(const hostent& found) {
    std::vector<net::address> list;
    for (char** each = found.h_addr_list; each != nullptr && *each != nullptr; ++each) {
        if (found.h_addrtype == AF_INET) {
            boost::asio::ip::address_v4::bytes_type bytes;
            std::memcpy(bytes.data(), *each, bytes.size());
            list.emplace_back(boost::asio::ip::make_address_v4(bytes));
        } else if (found.h_addrtype == AF_INET6) {
            boost::asio::ip::address_v6::bytes_type bytes;
            std::memcpy(bytes.data(), *each, bytes.size());
            list.emplace_back(boost::asio::ip::make_address_v6(bytes));
        }
    }
    return list;
}

}  // namespace waypost::dns
