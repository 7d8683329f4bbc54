// The protocol with delivery workers, in this room's words: what it asks them, and what their answers mean.
#pragma once

#include "waypost/delivery_worker/job.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::delivery {

using delivery_worker::identity;
using delivery_worker::job;

[[nodiscard]] inline mail::status status_of(const delivery_worker::job_status& answer) {
    using kind = delivery_worker::job_status::kind;
    switch (answer.result()) {
        case kind::success: return mail::status::success(answer.enhanced(), answer.text());
        case kind::transient: break;
        case kind::permanent: return mail::status::permanent(answer.enhanced(), answer.text());
    }
    return mail::status::transient(answer.enhanced(), answer.text());
}

}  // namespace waypost::delivery
