#include "jobs.hpp"
#include "mbox_file.hpp"
#include "mbox_text.hpp"

namespace waypost::delivery_worker {

job_status deliver_to_mbox(const job& job, job_content& content, std::chrono::milliseconds patience) {
    // The way in which aliases have always said: throw it away.
    if (job.path == "/dev/null") return job_status::success("2.0.0", "Thrown away");

    const auto refused = [&](const base::error_code& error) {
        return mailbox_trouble("Cannot write to the mailbox " + job.path, error);
    };
    auto file = mbox_file::open(job.path, std::chrono::steady_clock::now() + patience);
    if (file.has_error()) return refused(file.error());
    from_quoting quoting;
    auto written = file->append(separator_line(job.sender, std::chrono::system_clock::now()) +
                                quoting.quote(with_native_line_ends(job.head)));
    while (written.has_value() && !content.at_end()) {
        const auto piece = content.next();
        if (piece.has_error()) return content_lost();
        written = file->append(quoting.quote(*piece));
    }
    if (written.has_value()) written = file->append(quoting.finish());
    if (written.has_value()) written = file->commit();
    if (written.has_error()) return refused(written.error());
    return job_status::success("2.0.0", "Delivered to mailbox");
}

}  // namespace waypost::delivery_worker
