#include "waypost/spool/store.hpp"

namespace waypost::spool {
namespace {

const char* text_of(errc value) noexcept {
    switch (value) {
        case errc::unavailable: return "the queue cannot be written or read now";
        case errc::no_such_message: return "no such message in the queue";
        case errc::damaged: return "damaged in the queue";
        case errc::closed: return "the queue is closed";
        case errc::full: return "the disk of the queue is full";
    }
    return "unknown error of the queue";
}

constexpr base::simple_category<errc> category("waypost.spool", text_of);

}  // namespace

base::error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), category}; }

}  // namespace waypost::spool
