#include <cerrno>

#include "jobs.hpp"

namespace waypost::delivery {

mail::status mailbox_trouble(const std::string& what, const base::error_code& why) {
    namespace errc = boost::system::errc;
    const bool is_full = why == errc::no_space_on_device || why == errc::file_too_large ||
                         why == base::error_code(EDQUOT, boost::system::system_category());
    return mail::status::transient(is_full ? "4.2.2" : "4.2.0", what + ": " + why.message());
}

mail::status content_lost() { return mail::status::transient("4.3.0", "Content cannot be read"); }

}  // namespace waypost::delivery
