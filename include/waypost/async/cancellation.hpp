// Tells a coroutine that is being ended from one that met a fault.
//
// A cancelled coroutine is unwound by an exception from its next co_await on. Whoever catches everything at the
// boundary of a task must let that one pass.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>

namespace waypost::async {

[[nodiscard]] inline bool is_cancellation(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const boost::system::system_error& error) {
        return error.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace waypost::async
