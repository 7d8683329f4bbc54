// One transaction of a client: what it is to carry, which of its commands are out, and what each recipient was told.
// client_session moves several of them along one connection; they end in the order in which they began.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "waypost/mail/envelope.hpp"
#include "waypost/mail/status.hpp"
#include "waypost/smtp/extensions.hpp"

namespace waypost::smtp {

struct client_transaction {
    mail::sender sender;
    std::vector<mail::recipient> recipients;  // at least one
    /// LMTP to a store that knows users by name: who is named to it, by recipient, in place of `recipients`. Empty: the
    /// addresses.
    std::vector<std::string> users;
    std::uint64_t size = 0;  // octets of content, for SIZE=
    bool all_or_none = false;  // one refused recipient, and the message goes to nobody
    bool eight_bit = false;  // the content really has bytes over 127
    /// The exact octets of a content whose lines all end in CRLF, the last one too: it may go by BDAT, as it lies.
    std::optional<std::uint64_t> chunk;
};

/// What a failed session leaves of a transaction.
struct interrupted {
    std::vector<std::optional<mail::status>> statuses;  // by recipient: his final word, if there was one
    bool content_sent = false;  // the host may have the message, whatever it said
};

struct pending_transaction {
    enum class progress { mail, recipients, data, go_ahead, content, all };

    pending_transaction(client_transaction request, bool by_chunk);

    [[nodiscard]] std::string mail_command(const extensions& offered) const;
    [[nodiscard]] std::string forward_path(std::size_t index) const;
    [[nodiscard]] std::string recipient_command(std::size_t index, const extensions& offered) const;
    /// Why the peer need not be asked at all.
    [[nodiscard]] std::optional<mail::status> refusal(const extensions& offered, bool lmtp) const;

    [[nodiscard]] bool anyone_accepted() const noexcept;
    [[nodiscard]] bool content_is_wanted() const noexcept;
    void tell_all(const mail::status& word);
    void tell_accepted(const mail::status& word);
    [[nodiscard]] bool ended() const noexcept { return at == progress::all && replies_due == 0; }
    /// By recipient.
    [[nodiscard]] std::vector<mail::status> outcome() const;

    client_transaction transaction;
    bool chunked;  // by BDAT
    progress at = progress::mail;  // what is to be sent next
    std::size_t next_recipient = 0;
    std::size_t replies_due = 0;
    bool mail_refused = false;
    bool content_sent = false;
    std::vector<std::optional<mail::status>> statuses;  // by recipient: his final word
    std::vector<bool> accepted;  // by recipient: RCPT was answered 2yz
};

}  // namespace waypost::smtp
