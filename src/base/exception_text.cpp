#include "waypost/base/exception_text.hpp"

namespace waypost::base {

std::string text_of(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an exception of an unknown kind";
    }
}

}  // namespace waypost::base
