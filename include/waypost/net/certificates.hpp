// What can be said of a certificate and its key before a client complains.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "waypost/net/tls_context.hpp"

namespace waypost::net {

/// What is wrong with a pair that can be used all the same: a certificate that has expired or is not valid yet, a key
/// that everybody can read. Throws std::runtime_error.
[[nodiscard]] std::vector<std::string> weaknesses(const key_pair& pair, std::chrono::system_clock::time_point now);
/// Whether the leaf certificate of a PEM file is for this host. Throws std::runtime_error.
[[nodiscard]] bool is_certificate_for(const std::string& certificate_file, const std::string& host_name);

}  // namespace waypost::net
