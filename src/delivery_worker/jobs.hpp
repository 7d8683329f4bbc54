// What a delivery worker can do, a function each. They block, and act under the identity that the process has. Each
// takes what it wants of the content; the caller drains the rest.
#pragma once

#include <chrono>
#include <string>

#include "job_content.hpp"
#include "waypost/delivery_worker/job.hpp"

namespace waypost::delivery_worker {

[[nodiscard]] job_status deliver_to_maildir(const job& job, job_content& content);

/// Waits for other programs' locks for so long, then it is a delay.
constexpr std::chrono::milliseconds lock_patience{30'000};
[[nodiscard]] job_status deliver_to_mbox(const job& job, job_content& content,
                                         std::chrono::milliseconds patience = lock_patience);

[[nodiscard]] job_status run_command(const job& job, job_content& content);

struct text_read {
    job_status status;
    bool is_there = true;
    std::string text = {};
};
[[nodiscard]] text_read read_guarded(const job& job);

/// What a mailbox that cannot be used means for the mail: it waits for the user or the administrator to mend it.
[[nodiscard]] job_status mailbox_trouble(const std::string& text, const base::error_code& error);
/// The connection that the content came over broke.
[[nodiscard]] job_status content_lost();

}  // namespace waypost::delivery_worker
