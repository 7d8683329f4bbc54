#include "waypost/observe/session_id.hpp"

#include <random>

#include "waypost/base/encoding.hpp"

namespace waypost::observe {

std::string new_session_id() {
    static thread_local std::mt19937_64 random{std::random_device{}()};
    return base::hex(random());
}

}  // namespace waypost::observe
