#include "waypost/spool/transaction.hpp"

#include <stdexcept>

namespace waypost::spool {

transaction::transaction(store& store)
    : store_(&store), id_(store.next_message_id()), content_(store.new_content(id_)) {}

bool transaction::add(envelope envelope) {
    if (envelopes_.size() >= max_recipients) return false;
    envelope.id = envelope_of(id_, envelopes_.size());
    envelopes_.push_back(std::move(envelope));
    return true;
}

async::awaitable<base::result<receipt>> transaction::commit(mail::sender sender, async::wall_time arrived,
                                                            bool eight_bit) {
    // Nobody would ever take it out again.
    if (envelopes_.empty()) throw std::logic_error("a message without recipients");
    if (auto sealed = co_await content_->seal(); sealed.has_error()) co_return sealed.error();
    auto about =
        std::make_shared<message>(id_, std::move(sender), arrived, content_->size(), eight_bit, std::move(content_));
    queued_message whole{std::move(about), std::move(envelopes_)};
    if (auto kept = co_await store_->insert(whole); kept.has_error()) co_return kept.error();
    // Nothing may wait from here on: a cancelled wait would throw the proof away.
    co_return receipt(std::move(whole));
}

}  // namespace waypost::spool
