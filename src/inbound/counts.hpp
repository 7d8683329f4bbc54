// How many of something each of those who share it has at this moment. What is counted holds a token that gives its
// units back.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace waypost::inbound {

template <class Key>
class counts {
public:
    /// Must not outlive its counts.
    class token {
    public:
        token(token&& source) noexcept
            : counts_(std::exchange(source.counts_, nullptr)), key_(source.key_), units_(source.units_) {}
        token& operator=(token source) noexcept {
            std::swap(counts_, source.counts_);
            std::swap(key_, source.key_);
            std::swap(units_, source.units_);
            return *this;
        }
        ~token() {
            if (counts_ != nullptr) counts_->give_back(key_, units_);
        }

    private:
        friend class counts;
        token(counts& counts, const Key& key, std::size_t units) : counts_(&counts), key_(key), units_(units) {}
        counts* counts_;
        Key key_;
        std::size_t units_;
    };

    explicit counts(std::size_t limit) : limit_(limit) {}
    counts(const counts&) = delete;
    counts& operator=(const counts&) = delete;

    /// Nothing where the key has as many as it may.
    [[nodiscard]] std::optional<token> try_take(const Key& key, std::size_t units = 1) {
        const std::size_t has = of(key);
        if (has > limit_ || units > limit_ - has) return std::nullopt;
        numbers_[key] += units;
        return token(*this, key, units);
    }
    /// What was taken already stays with those who have it, also where that is more.
    void set_limit(std::size_t limit) noexcept { limit_ = limit; }
    [[nodiscard]] std::size_t of(const Key& key) const {
        const auto mine = numbers_.find(key);
        return mine == numbers_.end() ? 0 : mine->second;
    }

private:
    void give_back(const Key& key, std::size_t units) noexcept {
        const auto mine = numbers_.find(key);
        mine->second -= units;
        if (mine->second == 0) numbers_.erase(mine);
    }

    std::size_t limit_;
    std::map<Key, std::size_t> numbers_;  // never 0
};

}  // namespace waypost::inbound
