#include "cached_table.hpp"

#include "lookup_one.hpp"

namespace waypost::table {

namespace {

/// A NUL ends each key: no two lists of keys are one question.
std::string question_of(service kind, const std::vector<std::string>& keys) {
    std::string question(1, static_cast<char>(kind));
    for (const std::string& key : keys) {
        question.append(key).push_back('\0');
        if (question.size() > cached_table::longest_key) break;
    }
    return question;
}

}  // namespace

void cached_table::remember(std::string question, std::optional<found> answer) {
    if (const auto old = index_.find(question); old != index_.end()) {
        remembered_.erase(old->second);
        index_.erase(old);
    } else if (remembered_.size() >= most) {
        index_.erase(remembered_.front().question);
        remembered_.pop_front();
    }
    remembered_.push_back({question, std::move(answer), clock_->now() + life});
    index_[std::move(question)] = std::prev(remembered_.end());
}

async::awaitable<base::result<std::optional<found>>> cached_table::lookup_first(service kind,
                                                                                std::vector<std::string> keys) {
    std::string question = question_of(kind, keys);
    const bool may_remember = kind != service::credentials && question.size() <= longest_key;
    if (may_remember) {
        const auto at = index_.find(question);
        if (at != index_.end() && clock_->now() < at->second->until) co_return at->second->answer;
    }
    auto answer = co_await rows_->lookup_first(kind, std::move(keys));
    if (may_remember && answer.has_value()) remember(std::move(question), *answer);
    co_return answer;
}

async::awaitable<base::result<std::optional<std::string>>> cached_table::lookup(service kind, std::string key) {
    return lookup_one(*this, kind, std::move(key));
}

async::awaitable<base::result<std::optional<std::string>>> cached_table::lookup_pattern(service kind,
                                                                                        pattern_match matches) {
    return rows_->lookup_pattern(kind, std::move(matches));
}

async::awaitable<base::result<std::optional<std::string>>> cached_table::fetch(service kind) {
    return rows_->fetch(kind);
}

async::awaitable<base::result<std::vector<std::string>>> cached_table::list(service kind, std::size_t up_to) {
    return rows_->list(kind, up_to);
}

async::awaitable<base::result<>> cached_table::reload() {
    remembered_.clear();
    index_.clear();
    co_return co_await rows_->reload();
}

}  // namespace waypost::table
