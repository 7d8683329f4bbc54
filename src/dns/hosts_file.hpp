// The hosts file of the system, read at each question: a few lines of a local file, so changes count at once.
#pragma once

#include <ares.h>

#include <string>
#include <vector>

#include "waypost/net/endpoint.hpp"

namespace waypost::dns {

class hosts_file {
public:
    /// Throws std::runtime_error.
    hosts_file();
    ~hosts_file();
    hosts_file(const hosts_file&) = delete;
    hosts_file& operator=(const hosts_file&) = delete;

    [[nodiscard]] std::vector<net::address> addresses(const std::string& name) const;
    [[nodiscard]] std::vector<std::string> names(const net::address& ip) const;

private:
    ares_channel handle_ = nullptr;  // looks nowhere but in the file, so it answers on the spot and opens no socket
};

}  // namespace waypost::dns
