#include "answer_cache.hpp"

#include <algorithm>

namespace waypost::dns {

namespace {

using namespace std::chrono_literals;

// Beyond an hour another question costs nothing that anybody notices, while a wrong record that its owner has put right
// costs mail.
constexpr std::chrono::seconds longest_yes = 1h;

// A "no such domain" returns mail for good. RFC 2308 section 5 suggests up to three hours, but a domain that has just
// been made should not be refused that long; five minutes still take the weight off a burst.
constexpr std::chrono::seconds longest_no = 5min;

// List node, map node, control block and the rest of each entry; measured with glibc: 246 bytes.
constexpr std::size_t overhead = 250;

/// A TTL of 0 is obeyed: such an answer serves only those who are waiting for it.
std::chrono::seconds stay(const reply& reply) {
    if (reply.refused && reply.refused != errc::not_found) return 0s;
    return std::min(reply.ttl, reply.records.empty() ? longest_no : longest_yes);
}

}  // namespace

std::size_t answer_cache::entry::cost() const { return overhead + 2 * question.size() + answer->message.size(); }

answer_ptr answer_cache::find(const std::string& question, async::time_point now) {
    const auto known = by_question_.find(question);
    if (known == by_question_.end()) return nullptr;
    const auto place = known->second;
    if (place->expires <= now) {
        drop(place);
        return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, place);
    return place->answer;
}

void answer_cache::keep(const std::string& question, answer_ptr answer, const reply& reply, async::time_point now) {
    if (const auto known = by_question_.find(question); known != by_question_.end()) drop(known->second);
    const std::chrono::seconds ttl = stay(reply);
    if (ttl <= 0s) return;
    entries_.push_front({question, std::move(answer), now + ttl});
    by_question_.emplace(question, entries_.begin());
    bytes_ += entries_.front().cost();
    while (bytes_ > limit_) drop(std::prev(entries_.end()));
}

void answer_cache::clear() {
    by_question_.clear();
    entries_.clear();
    bytes_ = 0;
}

void answer_cache::drop(list::iterator entry) {
    bytes_ -= entry->cost();
    by_question_.erase(entry->question);
    entries_.erase(entry);
}

}  // namespace waypost::dns
