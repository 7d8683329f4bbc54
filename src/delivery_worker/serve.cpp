#include "serve.hpp"

#include <unistd.h>

#include "jobs.hpp"
#include "waypost/process/io.hpp"

namespace waypost::delivery_worker {

namespace {

/// Nothing where the connection is at its end.
base::result<std::optional<job>> next_job(int connection) {
    char first = 0;
    const auto got = process::read_some(connection, {&first, 1});
    if (got.has_error()) return got.error();
    if (*got == 0) return std::nullopt;
    const auto length = process::read_exactly(connection, 3);
    if (length.has_error()) return length.error();
    const auto size = frame_size(first + *length);
    if (!size) return make_error_code(boost::system::errc::message_size);
    const auto inside = process::read_exactly(connection, *size);
    if (inside.has_error()) return inside.error();
    auto read = decode_job(*inside);
    if (!read) return make_error_code(boost::system::errc::bad_message);
    return read;
}

text_read perform(const job& job, job_content& content) {
    switch (job.operation) {
        case job::kind::maildir: return {deliver_to_maildir(job, content)};
        case job::kind::mbox: return {deliver_to_mbox(job, content)};
        case job::kind::run:
            // Whoever could name a command for root would be root.
            if (::geteuid() == 0) return {job_status::transient("4.3.5", "No command is run as root")};
            return {run_command(job, content)};
        case job::kind::read: break;
    }
    return read_guarded(job);
}

}  // namespace

bool serve(int connection) {
    for (;;) {
        const auto what = next_job(connection);
        if (what.has_error()) return false;
        if (!what->has_value()) return true;
        job_content content(connection, (*what)->size);
        const text_read done = perform(**what, content);
        // Content that the job did not want is taken all the same, so that the connection stays in step.
        if (content.drain().has_error()) return false;
        const job_answer answer{done.status, done.is_there, done.text.size()};
        if (process::write_all(connection, frame_of(encode(answer)) + done.text).has_error()) return false;
    }
}

}  // namespace waypost::delivery_worker
