// What can be wrong with a delivery worker, and with what it was asked for.
#pragma once

#include "waypost/base/result.hpp"

namespace waypost::delivery {

enum class errc {
    worker_lost = 1,     // it ended, or could not be spoken to
    worker_silent,       // it did not answer in time
    bad_answer,         // its answer is none
    content_unreadable,  // ours to send
    stopping,
    file_unusable,  // a user's file that may not be trusted, or cannot be read now
};
[[nodiscard]] base::error_code make_error_code(errc value) noexcept;

}  // namespace waypost::delivery

template <>
struct boost::system::is_error_code_enum<waypost::delivery::errc> : std::true_type {};
