// Questions to the DNS, as an interface: c-ares behind it in the program, a table of answers in tests.
//
// "There is no such thing" is a value (an empty list, or not_found); "could not ask" is an error and always transient.
// Names are complete: no search list is ever added to them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::dns {

enum class errc {
    not_found = 1,  // NXDOMAIN: the name does not exist; permanent
    unavailable,    // SERVFAIL, time-out, no server: try again later
    malformed,      // the answer made no sense: try again later
};
[[nodiscard]] base::error_code make_error_code(errc value) noexcept;

struct mx_record {
    std::uint16_t preference = 0;
    std::string host;  // "" for the null MX (RFC 7505)
    friend auto operator<=>(const mx_record&, const mx_record&) = default;
};

class resolver {
public:
    virtual ~resolver() = default;
    /// IPv4 and IPv6; empty if the name exists without either.
    virtual async::awaitable<base::result<std::vector<net::address>>> addresses(std::string name) = 0;
    /// Unsorted; empty if the name exists without MX records.
    virtual async::awaitable<base::result<std::vector<mx_record>>> mx(std::string domain) = 0;
    /// The names of an address (PTR); empty if it has none.
    virtual async::awaitable<base::result<std::vector<std::string>>> names(net::address ip) = 0;
};

}  // namespace waypost::dns

template <>
struct boost::system::is_error_code_enum<waypost::dns::errc> : std::true_type {};
