// The protocol with delivery workers, in this room's words: what it asks them, and what their answers mean.
#pragma once

#include "waypost/delivery_worker/job.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::delivery {

using delivery_worker::identity;
using delivery_worker::job;

[[nodiscard]] inline mail::status status_of(const delivery_worker::outcome& outcome) {
    using kind = delivery_worker::outcome::kind;
    switch (outcome.result()) {
        case kind::success: return mail::status::success(outcome.enhanced(), outcome.text());
        case kind::transient: break;
        case kind::permanent: return mail::status::permanent(outcome.enhanced(), outcome.text());
    }
    return mail::status::transient(outcome.enhanced(), outcome.text());
}

}  // namespace waypost::delivery
