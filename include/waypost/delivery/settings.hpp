// What an administrator can set about local delivery.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "waypost/delivery/command.hpp"
#include "waypost/delivery/format.hpp"
#include "waypost/spool/ids.hpp"
#include "waypost/table/table.hpp"

namespace waypost::delivery {

/// The options of one action that delivers here. (`lmtp` is a relay to a host of ours, and the relay engine's.)
struct action_settings {
    enum class method { mbox, maildir, command, only_targets };  // the last: forward-only, whose users have no mailbox

    std::string name;
    method by = method::maildir;
    std::optional<format> maildir;  // a path that does not begin with '/' begins in the home; none: Maildir there
    bool junk = false;  // what a filter has marked as spam goes to .Junk
    std::optional<command> mda;  // `by` is command; the wrapper is around it already
    std::string user;  // deliver as this one; empty: as the recipient
    table::table* users = nullptr;  // the user base, never null
    table::table* system_users = nullptr;  // where `user` is looked for if the user base has none of that name
};

/// `mda limit`
struct delivery_limits {
    std::size_t max_sessions = 50;
    std::size_t max_sessions_per_user = 7;
    friend bool operator==(const delivery_limits&, const delivery_limits&) = default;
};

struct settings {
    std::string host;  // part of a Maildir file's name
    std::string queue = "0";  // and so is the name of the queue, which no other has
    /// What has a lower id was accepted by an earlier process, which may have delivered it.
    spool::message_id first_new_id{0};
    std::string mail_spool = "/var/mail";  // absolute; where `mbox` has its mailboxes
    char tag_delimiter = '+';  // `smtp sub-addr-delim`
    delivery_limits limits;
    std::chrono::seconds command_time{300};
    std::map<std::string, action_settings, std::less<>> actions;
};

}  // namespace waypost::delivery
