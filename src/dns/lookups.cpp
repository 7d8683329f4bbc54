#include "lookups.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::dns {

namespace {

// An answer is some 100 to 500 bytes: that is tens of thousands of domains.
constexpr std::size_t cache_size = 16U << 20U;

/// RFC 7686 section 2: these names are never asked of the DNS, which would only learn of them.
bool is_onion(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    const std::string lower = base::to_lower(name);
    return lower == "onion" || lower.ends_with(".onion");
}

}  // namespace

lookups::lookups(const async::executor& executor, const async::clock& clock, const resolver_settings& settings)
    : executor_(executor), clock_(clock), cache_(cache_size), servers_(executor, clock, settings) {}

std::shared_ptr<question> lookups::ask(const std::string& name, record_type type) {
    const auto wire = wire_name(name);
    if (!wire || is_onion(name)) return question::answered_with(executor_, ARES_EBADNAME);
    channel& servers = this->servers();
    const std::string key = base::to_lower(*wire) + static_cast<char>(type);
    if (auto known = cache_.find(key, clock_.now())) return question::answered_with(executor_, std::move(known));
    if (const auto shared = under_way_.find(key); shared != under_way_.end()) {
        if (auto asked = shared->second.lock()) return asked;
    }
    auto asked =
        servers.ask(*wire, type, [here = weak_from_this(), world = world_, key, type](const answer_ptr& answer) {
            const auto self = here.lock();
            if (self && self->world_ == world) self->answered(key, type, answer);
        });
    if (!asked->is_answered()) under_way_.insert_or_assign(key, asked);
    return asked;
}

channel& lookups::servers() {
    channel& current = servers_.now();
    if (last_ != nullptr && last_ != &current) {
        ++world_;
        cache_.clear();
        under_way_.clear();
    }
    last_ = &current;
    return current;
}

void lookups::answered(const std::string& key, record_type type, const answer_ptr& answer) {
    under_way_.erase(key);
    cache_.keep(key, answer, read_reply(*answer, type), clock_.now());
}

}  // namespace waypost::dns
