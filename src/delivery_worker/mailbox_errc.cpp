#include "mailbox_errc.hpp"

namespace waypost::delivery_worker {

namespace {

constexpr auto text_of = [](mailbox_errc value) noexcept -> const char* {
    switch (value) {
        case mailbox_errc::locked: return "locked by another program";
        case mailbox_errc::no_plain_file: return "no plain file";
        case mailbox_errc::has_two_names: return "has a second name (hard link)";
        case mailbox_errc::not_his: return "belongs to another user";
    }
    return "unknown";
};
const base::simple_category<mailbox_errc> category("mailbox", text_of);

}  // namespace

base::error_code make_error_code(mailbox_errc value) noexcept { return {static_cast<int>(value), category}; }

}  // namespace waypost::delivery_worker
