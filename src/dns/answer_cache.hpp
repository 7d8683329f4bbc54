// Answers that were given before, for as long as they may be believed. What has been used least recently goes first.
//
// A name server's own cache is near, but not free: a burst of mail to one domain asks the same question hundreds of
// times, and each time waits for the answer.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "reply.hpp"
#include "waypost/async/clock.hpp"

namespace waypost::dns {

using answer_ptr = std::shared_ptr<const answer>;

class answer_cache {
public:
    /// `limit` counts bytes of messages and names, with an estimate of what keeping each costs.
    explicit answer_cache(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] answer_ptr find(const std::string& question, async::time_point now);
    /// Only if `reply`, which is what the answer means, may be kept.
    void keep(const std::string& question, answer_ptr answer, const reply& reply, async::time_point now);
    void clear();
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    struct entry {
        std::string question;
        answer_ptr answer;
        async::time_point expires;
        [[nodiscard]] std::size_t cost() const;
    };
    using list = std::list<entry>;
    void drop(list::iterator entry);

    std::size_t limit_;
    std::size_t bytes_ = 0;
    list entries_;  // most recently used first
    std::unordered_map<std::string, list::iterator> by_question_;
};

}  // namespace waypost::dns
