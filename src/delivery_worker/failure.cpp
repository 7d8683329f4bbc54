#include <cerrno>

#include "jobs.hpp"

namespace waypost::delivery_worker {

outcome mailbox_trouble(const std::string& text, const base::error_code& error) {
    namespace errc = boost::system::errc;
    const bool is_full = error == errc::no_space_on_device || error == errc::file_too_large ||
                         error == base::error_code(EDQUOT, boost::system::system_category());
    return outcome::transient(is_full ? "4.2.2" : "4.2.0", text + ": " + error.message());
}

outcome content_lost() { return outcome::transient("4.3.0", "Content cannot be read"); }

}  // namespace waypost::delivery_worker
