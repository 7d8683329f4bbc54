// How many of something each client address has at this moment: sessions, logins under way. What is counted holds a
// token that gives its place back.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "waypost/net/endpoint.hpp"

namespace waypost::inbound {

/// What one client has for itself: an IPv4 address, or the /64 of an IPv6 address, all of which is one host's to use.
[[nodiscard]] net::address client_of(const net::address& ip);
/// What one owner is likely to have: an IPv4 /24, an IPv6 /48.
[[nodiscard]] net::address network_of(const net::address& ip);

class address_counts {
public:
    /// Must not outlive its counts.
    class token {
    public:
        token(token&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)), key_(other.key_) {}
        token& operator=(token other) noexcept {
            std::swap(counts_, other.counts_);
            std::swap(key_, other.key_);
            return *this;
        }
        ~token();

    private:
        friend class address_counts;
        token(address_counts& counts, const net::address& key) : counts_(&counts), key_(key) {}
        address_counts* counts_;
        net::address key_;
    };

    explicit address_counts(std::size_t limit) : limit_(limit) {}
    address_counts(const address_counts&) = delete;
    address_counts& operator=(const address_counts&) = delete;

    /// Nothing where the address has as many as it may.
    [[nodiscard]] std::optional<token> try_take(const net::address& key);
    [[nodiscard]] std::size_t of(const net::address& key) const;

private:
    std::size_t limit_;
    std::map<net::address, std::size_t> taken_;  // never 0
};

}  // namespace waypost::inbound
