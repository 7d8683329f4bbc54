#include "waypost/dns/resolver.hpp"

#include <utility>

namespace waypost::dns {

namespace {

const char* text_of(errc value) noexcept {
    switch (value) {
        case errc::not_found: return "no such name in the DNS";
        case errc::unavailable: return "the DNS could not be asked";
        case errc::malformed: return "the answer of the DNS made no sense";
    }
    return "unknown DNS error";
}

constexpr base::simple_category<errc> category("waypost.dns", &text_of);

}  // namespace

base::error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), category}; }

async::awaitable<base::result<std::vector<net::address>>> resolver::addresses(std::string name) {
    auto found = co_await find_addresses(std::move(name));
    if (found.has_error()) co_return found.error();
    co_return std::move(found->records);
}

async::awaitable<base::result<std::vector<mx_record>>> resolver::mx(std::string domain) {
    auto found = co_await find_mx(std::move(domain));
    if (found.has_error()) co_return found.error();
    co_return std::move(found->records);
}

}  // namespace waypost::dns
