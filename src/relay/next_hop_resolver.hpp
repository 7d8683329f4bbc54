// Where a relay may go, and from where: its sources and its candidates, kept fresh.
//
// The lists come from the action's tables or from the DNS. Addresses are asked for all at once, and what is known is
// usable at once: a slow answer about one host holds up nobody who does not need that host. Later the lists are asked
// for again beside the mail; the old ones serve meanwhile, and on if the new ones cannot be had.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "candidate.hpp"
#include "own_addresses.hpp"
#include "waypost/async/backoff.hpp"
#include "waypost/dns/mx_lookup.hpp"
#include "waypost/relay/dependencies.hpp"
#include "waypost/relay/settings.hpp"
#include "waypost/spool/message.hpp"

namespace waypost::relay {

class next_hop_resolver {
public:
    /// `on_news` is called whenever more is known than before. An MX host with our name, or at one of our listeners, is
    /// this host.
    next_hop_resolver(const dependencies& context, const spool::next_hop& hop, const action_settings& action,
                      const std::string& our_name, std::function<void()> on_news, own_addresses* self = nullptr);

    /// Whether ask() should run now, and should have for so long; never while it does.
    [[nodiscard]] bool is_stale(async::duration since = {}) const;
    /// Reads everything anew. The destination outlives it.
    async::awaitable<> ask();

    [[nodiscard]] std::span<const source> sources() const noexcept { return sources_; }
    /// By preference.
    [[nodiscard]] std::span<const candidate> hosts() const noexcept { return hosts_; }
    [[nodiscard]] bool asking() const noexcept { return asking_; }
    /// Why there are no hosts; permanent if the domain takes no mail.
    [[nodiscard]] const std::optional<mail::status>& fault() const noexcept { return fault_; }

private:
    /// Why there is no way now. Where it could not be asked for, what was known serves on; where the answer was that
    /// there is none, it does not.
    struct failure {
        mail::status reason;
        bool is_answer = false;
    };
    using found = std::variant<std::vector<candidate>, failure>;

    async::awaitable<std::optional<failure>> ask_sources();
    async::awaitable<std::optional<failure>> ask_hosts();
    async::awaitable<found> listed_urls();
    async::awaitable<found> url_by_domain();
    async::awaitable<> find_addresses(std::vector<candidate> anew);
    async::awaitable<bool> locate_and_show(std::vector<candidate>& candidates, std::size_t index);
    async::awaitable<std::optional<failure>> ask_mx();
    /// By the place of a host among the answered ones; each is judged once, when it has answered.
    using likenesses = std::vector<std::optional<likeness>>;
    [[nodiscard]] likeness likeness_by_address(const dns::mx_candidate& candidate) const;
    void judge(const std::vector<dns::mx_candidate>& answered, likenesses& judged) const;
    [[nodiscard]] failure loops_back(bool is_sure) const;
    [[nodiscard]] found usable_mx(const std::vector<dns::mx_candidate>& answered, const likenesses& judged) const;
    [[nodiscard]] std::optional<std::string> add(std::vector<candidate>& candidates, const std::string& row,
                                                 unsigned preference) const;
    void show(std::vector<candidate> candidates);

    const dependencies& context_;
    const spool::next_hop& hop_;
    const action_settings& action_;
    const std::string& our_name_;
    std::function<void()> on_news_;
    own_addresses* self_;

    std::vector<source> sources_;
    std::vector<candidate> hosts_;
    std::optional<mail::status> fault_;
    bool asking_ = false;
    bool shows_as_it_comes_ = false;  // there was nothing before: what is known is better than nothing
    async::time_point fresh_until_ = async::time_point::min();
    async::backoff pause_;
};

}  // namespace waypost::relay
