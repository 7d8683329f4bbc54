// The way of a message's content from the client into the store: decoded, observed (hops are counted), rewritten
// (header_changes), appended. What is to look at content, or to change it, while it passes gets its place here.
//
// Content that is refused is still read to its end, so that none of it becomes a command and the client learns why; an
// observer or a rewriter sees none of it behind the fault.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "header_changes.hpp"
#include "waypost/inbound/settings.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/mail/trace.hpp"
#include "waypost/smtp/content_codec.hpp"
#include "waypost/spool/content.hpp"

namespace waypost::inbound {

class content_chain {
public:
    /// All but `changes` outlive it.
    content_chain(const settings& settings, const smtp::server_settings& protocol, header_changes changes,
                  spool::content& text);

    /// Takes what has come from the front of `input`. True when the end of the content was in it.
    async::awaitable<bool> feed(std::string_view& input);
    /// Behind the end: stores what was held back. Why the message is refused, if it is.
    async::awaitable<std::optional<mail::status>> end();

    /// Before the end: why the session must end here, with this reply.
    struct breach {
        std::string_view reason;  // for the log
        mail::status status;
    };
    [[nodiscard]] std::optional<breach> breach_so_far() const;
    [[nodiscard]] bool eight_bit() const noexcept { return decoder_.eight_bit(); }

private:
    async::awaitable<bool> append(std::string_view piece);

    const settings& settings_;
    smtp::content_decoder decoder_;
    mail::hop_counter hops_;
    header_changes changes_;
    spool::content& text_;
    std::vector<std::string_view> pieces_;
    std::string joined_;
    bool is_stored_ = true;  // all so far
    std::uint64_t discarded_ = 0;  // octets
};

}  // namespace waypost::inbound
