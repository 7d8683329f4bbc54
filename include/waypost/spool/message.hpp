// What the spool keeps: messages, and an envelope for each recipient.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "waypost/async/clock.hpp"
#include "waypost/mail/envelope.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/spool/content.hpp"
#include "waypost/spool/ids.hpp"

namespace waypost::spool {

/// Where an envelope goes next: an action of the configuration by its name, and the domain where the action looks for
/// its hosts in the DNS. Kept by name, so that a changed configuration applies to mail that waits.
struct next_hop {
    std::string action;
    std::string domain;  // empty: the action knows its hosts
    friend auto operator<=>(const next_hop&, const next_hop&) = default;
};

struct message {
    message_id id;
    mail::sender sender;
    async::wall_time arrived;
    std::uint64_t size = 0;   // octets of the whole content, trace fields included
    bool eight_bit = false;   // the content has octets over 127
    std::shared_ptr<const content> text;  // null: in the store; ask store::load
};

struct envelope {
    envelope_id id;
    next_hop hop;
    mail::recipient recipient;  // after expansion
    std::string original;       // the forward-path as the client gave it, when expansion made another of it
    // Local delivery:
    std::string user;       // whose mailbox; empty: of nobody in particular, see `target`
    std::string extension;  // the tag of his sub-address, as in user+tag
    /// What an alias or a .forward says in place of a mailbox: "/file" or "|command", words of the administrator or of
    /// the user, never of a peer.
    std::string target;
    async::wall_time expires;
    unsigned tries = 0;
    unsigned warnings = 0;  // delay warnings that were sent
    mail::status last;  // of the last try
};

/// Envelopes of one message, for one next hop where it matters.
struct queued_message {
    std::shared_ptr<const message> message;
    std::vector<envelope> envelopes;
};

}  // namespace waypost::spool
