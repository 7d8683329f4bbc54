// One message on its way into the spool, and the proof that it is there.
#pragma once

#include <memory>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::spool {

/// Proof that a message and its envelopes are on stable storage. Only transaction::commit() makes one, and whoever
/// answers 250 must show it, so a 250 cannot be sent before the sync. It carries what was committed, for the first
/// attempt.
class receipt {
public:
    [[nodiscard]] message_id message() const noexcept { return entry_.message->id; }
    [[nodiscard]] const queued_message& kept() const& noexcept { return entry_; }
    [[nodiscard]] queued_message kept() && noexcept { return std::move(entry_); }

private:
    friend class transaction;
    explicit receipt(queued_message entry) : entry_(std::move(entry)) {}
    queued_message entry_;
};

/// Dropped without commit(), it leaves nothing behind.
class transaction {
public:
    explicit transaction(store& store);
    transaction(transaction&&) noexcept = default;
    transaction& operator=(transaction&&) noexcept = default;

    [[nodiscard]] message_id id() const noexcept { return id_; }
    [[nodiscard]] content& text() noexcept { return *content_; }
    /// Gives the envelope its id. False when the message has as many recipients as an id can tell apart.
    bool add(envelope envelope);
    [[nodiscard]] std::size_t recipients() const noexcept { return envelopes_.size(); }

    /// Seals the content and waits for the store. On an error nothing is kept.
    async::awaitable<base::result<receipt>> commit(mail::sender sender, async::wall_time arrived, bool eight_bit);

private:
    store* store_;
    message_id id_;
    std::shared_ptr<content> content_;
    std::vector<envelope> envelopes_;
};

}  // namespace waypost::spool
