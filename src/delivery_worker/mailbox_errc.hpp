// What else than the system can be said against a mailbox that is one file.
#pragma once

#include <type_traits>

#include "waypost/base/result.hpp"

namespace waypost::delivery_worker {

enum class mailbox_errc {
    locked = 1,     // by another program, for longer than we wait
    no_plain_file,  // a directory, a device, a FIFO
    has_two_names,  // a hard link: the other name may be anybody's
    not_his,        // another user's, who may have put it there to read this one's mail
};
base::error_code make_error_code(mailbox_errc value) noexcept;

}  // namespace waypost::delivery_worker

template <>
struct boost::system::is_error_code_enum<waypost::delivery_worker::mailbox_errc> : std::true_type {};
