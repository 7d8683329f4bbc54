// A session with a client that is not there: the daemon's own protocol, policy and rules are asked as a real client
// would ask them, up to one RCPT, and nothing is kept. What `waypost explain` shows is what comes of it.
//
// What the administrator did not say about the client is taken as the listeners allow it; where a rule wanted to know
// it all the same, the rule and the missing option are named.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "commands.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/dns/resolver.hpp"
#include "waypost/inbound/settings.hpp"
#include "waypost/rules/accept_recipient.hpp"

namespace waypost::cli {

/// The client that a question is about, in the program's own types.
struct visit {
    rules::origin origin;
    inbound::listener_settings listener{
        .endpoint = {}, .protocol = {.host = mail::domain::parse("localhost").value()}, .tls = nullptr};
    bool tag_known = false;  // else it is one of several, and taken as none
    bool tls = false;
    bool tls_known = false;
    bool helo_known = false;
    std::string helo;
    std::string user;
    std::string sender;  // without brackets; empty for <>
    std::string recipient;
};
/// Or what is wrong with the question.
[[nodiscard]] std::variant<visit, std::string> visit_of(const question& question, const inbound::settings& settings);

struct rehearsed {
    rules::acceptance answer;
    std::string command;  // the one that was refused, if it was not RCPT
    rules::expansion_trace told;
    std::vector<std::string> doubts;  // "file:line: what could not be judged"
};

/// Everything outlives the coroutine.
async::awaitable<rehearsed> rehearse(const config::generation& settings, visit client, dns::resolver& dns,
                                     rules::user_files& files, async::clock& clock);

}  // namespace waypost::cli
