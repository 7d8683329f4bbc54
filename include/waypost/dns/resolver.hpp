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

/// RFC 6698 section 2.1, as it came: whether it is of any use is for DANE to say.
struct tlsa_record {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching = 0;
    std::string data;  // bytes; never empty
    friend auto operator<=>(const tlsa_record&, const tlsa_record&) = default;
};

/// `authentic`: the resolver that was asked has validated the answer, the absence of records too (the AD bit, RFC 6840
/// section 5.8). It is worth what that resolver and the way to it are worth. Never set for what the hosts file says.
template <class Record>
struct answers {
    std::vector<Record> records;
    bool authentic = false;
};
using address_answer = answers<net::address>;
using mx_answer = answers<mx_record>;
using tlsa_answer = answers<tlsa_record>;

class resolver {
public:
    virtual ~resolver() = default;
    /// IPv4 and IPv6; empty if the name exists without either. Authentic if all of them are.
    virtual async::awaitable<base::result<address_answer>> find_addresses(std::string name) = 0;
    /// Unsorted; empty if the name exists without MX records.
    virtual async::awaitable<base::result<mx_answer>> find_mx(std::string domain) = 0;
    /// Empty if the name ("_25._tcp.mx.example.org") exists without TLSA records.
    virtual async::awaitable<base::result<tlsa_answer>> tlsa(std::string name) = 0;
    /// TXT records, the strings of each joined; bytes, not text. Empty if the name exists without.
    virtual async::awaitable<base::result<std::vector<std::string>>> texts(std::string name) = 0;
    /// The names of an address (PTR); empty if it has none.
    virtual async::awaitable<base::result<std::vector<std::string>>> names(net::address ip) = 0;

    // For those who do not ask whether it is authentic.
    async::awaitable<base::result<std::vector<net::address>>> addresses(std::string name);
    async::awaitable<base::result<std::vector<mx_record>>> mx(std::string domain);
};

}  // namespace waypost::dns

template <>
struct boost::system::is_error_code_enum<waypost::dns::errc> : std::true_type {};
