#include <cerrno>

#include "jobs.hpp"

namespace waypost::delivery_worker {

job_status mailbox_trouble(const std::string& text, const base::error_code& error) {
    namespace errc = boost::system::errc;
    const bool is_full = error == errc::no_space_on_device || error == errc::file_too_large ||
                         error == base::error_code(EDQUOT, boost::system::system_category());
    return job_status::transient(is_full ? "4.2.2" : "4.2.0", text + ": " + error.message());
}

job_status content_lost() { return job_status::transient("4.3.0", "Content cannot be read"); }

}  // namespace waypost::delivery_worker
