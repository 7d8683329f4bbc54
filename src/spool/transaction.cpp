#include "waypost/spool/transaction.hpp"

#include <stdexcept>

namespace waypost::spool {

transaction::transaction(store& into) : store_(&into), id_(into.next_message_id()), content_(into.new_content(id_)) {}

bool transaction::add(envelope to) {
    if (envelopes_.size() >= max_recipients) return false;
    to.id = envelope_of(id_, envelopes_.size());
    envelopes_.push_back(std::move(to));
    return true;
}

async::awaitable<base::result<receipt>> transaction::commit(mail::sender from, async::wall_time arrived,
                                                            bool eight_bit) {
    // Nobody would ever take it out again.
    if (envelopes_.empty()) throw std::logic_error("a message without recipients");
    if (auto sealed = co_await content_->seal(); sealed.has_error()) co_return sealed.error();
    auto about =
        std::make_shared<message>(id_, std::move(from), arrived, content_->size(), eight_bit, std::move(content_));
    queued whole{std::move(about), std::move(envelopes_)};
    if (auto kept = co_await store_->insert(whole); kept.has_error()) co_return kept.error();
    // Nothing may wait from here on: a cancelled wait would throw the proof away.
    co_return receipt(std::move(whole));
}

}  // namespace waypost::spool
