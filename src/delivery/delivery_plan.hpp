// What one envelope asks for: a job, and as whom it is done. Pure.
//
// The target that an alias or a .forward names comes first; without one the action says how the user's mailbox is
// written. All that is wrong here is the administrator's or the user's to mend, so the mail waits for that.
#pragma once

#include <optional>
#include <variant>

#include "process_identity.hpp"
#include "waypost/delivery/settings.hpp"
#include "waypost/spool/message.hpp"
#include "worker_protocol.hpp"

namespace waypost::delivery {

struct delivery_plan {
    delivery::identity identity;
    delivery::job job;
};

/// All that bears on it.
struct delivery_facts {
    const spool::message& message;
    const spool::envelope& envelope;
    const action_settings& action;
    const delivery::settings& settings;
    const table::userinfo::value& user;  // as whom; of the action, else the recipient, else nobody in particular
    const process_identity& self;
    /// The group that may make mailboxes and locks in settings::mail_spool, where it is one that its mode says so of.
    std::optional<unsigned> spool_group;
};

[[nodiscard]] std::variant<delivery_plan, mail::status> plan_of(const delivery_facts& envelope_context);

}  // namespace waypost::delivery
