#include "waypost/dns/resolver.hpp"

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

}  // namespace waypost::dns
