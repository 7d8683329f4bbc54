#include "errc.hpp"

namespace waypost::delivery {

namespace {

const char* text_of(errc value) noexcept {
    switch (value) {
        case errc::worker_lost: return "The process that acts for the user has ended";
        case errc::worker_silent: return "The process that acts for the user does not answer";
        case errc::bad_answer: return "The process that acts for the user does not answer as it should";
        case errc::content_unreadable: return "Content cannot be read";
        case errc::stopping: return "The daemon stops";
        case errc::file_unusable: return "The user's file cannot be used";
    }
    return "Unknown error";
}

constexpr base::simple_category<errc> category("waypost.delivery", text_of);

}  // namespace

base::error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), category}; }

}  // namespace waypost::delivery
