#include "waypost/net/endpoint.hpp"

#include <algorithm>

#include "waypost/base/encoding.hpp"

namespace waypost::net {

std::optional<address> parse_address(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    if (text.find('\0') != std::string_view::npos) return std::nullopt;  // make_address() would stop there
    boost::system::error_code failed;
    const address ip = boost::asio::ip::make_address(std::string(text), failed);
    if (failed) return std::nullopt;
    return unmapped(ip);
}

std::string address_literal(const address& ip) { return (ip.is_v6() ? "IPv6:" : "") + ip.to_string(); }

address unmapped(const address& ip) {
    if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6());
    }
    return ip;
}

std::string to_string(const endpoint& endpoint) {
    const std::string ip = endpoint.ip.to_string();
    return (endpoint.ip.is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(endpoint.port);
}

std::optional<cidr> cidr::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto ip = parse_address(text.substr(0, slash));
    if (!ip) return std::nullopt;
    const unsigned width = ip->is_v4() ? 32 : 128;
    cidr parsed;
    parsed.network_ = *ip;
    parsed.bits_ = width;
    if (slash != std::string_view::npos) {
        const auto bits = base::parse_number(text.substr(slash + 1));
        if (!bits || *bits > width) return std::nullopt;
        parsed.bits_ = static_cast<unsigned>(*bits);
    }
    return parsed;
}

namespace {

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
    const unsigned rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<unsigned char>(0xff00U >> rest);
    return ((a[whole] ^ b[whole]) & mask) == 0;
}

}  // namespace

bool cidr::contains(const address& ip) const {
    const address plain = unmapped(ip);
    if (plain.is_v4() != network_.is_v4()) return false;
    if (plain.is_v4()) return same_prefix(plain.to_v4().to_bytes(), network_.to_v4().to_bytes(), bits_);
    return same_prefix(plain.to_v6().to_bytes(), network_.to_v6().to_bytes(), bits_);
}

}  // namespace waypost::net
