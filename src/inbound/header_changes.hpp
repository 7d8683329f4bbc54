// What acceptance changes in the header section of a message, while its content passes by: the completion of mail that
// is submitted here, and the From field of `senders <t> masquerade`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "waypost/async/clock.hpp"
#include "waypost/mail/header_pass.hpp"
#include "waypost/mail/mailbox.hpp"
#include "waypost/mail/masquerade.hpp"

namespace waypost::inbound {

/// How the client came.
enum class submitter { none, logged_in, on_this_machine };

/// The fields for what a submitted message lacks. Only a program on this machine gets a From field: a user who logs in
/// has a mail program, and what it left out is not ours to invent.
[[nodiscard]] mail::missing_fields fields_for(submitter client, const mail::reverse_path& sender,
                                              const std::string& message_id, const mail::domain& host,
                                              async::wall_time now);

class header_changes {
public:
    header_changes(mail::header_pass pass, std::optional<mail::masquerade> mask)
        : pass_(std::move(pass)), mask_(std::move(mask)) {}

    /// What to store for this piece, valid until the next call.
    std::string_view feed(std::string_view piece);
    /// What was held back, when the message ends within its header section.
    std::string_view end();

private:
    mail::header_pass pass_;
    std::optional<mail::masquerade> mask_;
    std::string output_;
    std::string masked_;
};

}  // namespace waypost::inbound
