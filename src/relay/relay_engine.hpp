// Who opens connections, when and along which routes: acts on the planner's decisions and writes the ledger.
//
// attend() is called whenever something has changed that may make room or need for a session: mail came, a connection
// opened or ended, the DNS answered, a back-off is over. There is no loop that looks by the clock: a decision names
// what it waits for.
//
// However many relays wait for an event, it plans for as many as it can serve (serve_line()), and what concerns many,
// as the end of a back-off does, is done for a few of them in each turn of the loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "alarms.hpp"
#include "dialer.hpp"
#include "host_wait_queue.hpp"
#include "idle_places.hpp"
#include "ledger.hpp"
#include "planner.hpp"
#include "relay_queue.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/relay/engine.hpp"

namespace waypost::relay {

class relay_engine final : public engine {
public:
    /// What `context` names outlives the engine.
    relay_engine(const async::executor& executor, dependencies context, std::shared_ptr<const settings> settings,
                 std::unique_ptr<dialer> dialer);
    ~relay_engine() override;
    void apply(std::shared_ptr<const settings> settings) override;

    void carry(queue::queued_message task) override;
    async::awaitable<> stop(async::duration grace) override;

    [[nodiscard]] std::vector<route_view> routes() const override;
    [[nodiscard]] std::vector<relay_view> relays() const override;
    [[nodiscard]] std::vector<host_view> hosts() const override;
    bool resume_route(std::uint64_t id) override;

private:
    class relay_attempt;
    class relay_task_source;
    using relay_ptr = std::shared_ptr<relay_queue>;

    [[nodiscard]] relay_view view_of(const relay_queue& relay) const;
    void has_news(const relay_ptr& relay);
    void catch_up_soon();
    async::awaitable<> catch_up(std::unique_ptr<counted> catching_up);
    enum class effort : std::uint8_t { none, little, much };
    effort look_at_next();
    void log_bug(const std::exception_ptr& bug) const;
    struct fresh_task {
        queue::queued_message task;
        std::shared_ptr<const settings> pinned;
    };
    effort take(fresh_task task);
    /// With the settings of when the mail was handed over.
    relay_ptr relay_for(const spool::next_hop& hop, const std::shared_ptr<const settings>& pinned);
    void close_relays();
    void let_go(relay_queue& relay);
    void hop_freed(const relay_ptr& relay);
    enum class after : std::uint8_t { anything, answer };
    void attend(const relay_ptr& relay, after event = after::anything);
    void probe_better_host(const relay_ptr& relay);
    [[nodiscard]] decision plan(const relay_queue& relay) const;
    bool act(const relay_ptr& relay, const decision& next);
    void resolve_next_hop_later(const relay_ptr& relay);
    async::awaitable<> resolve_next_hop(relay_ptr target, std::unique_ptr<counted> asking);
    void unblock(relay_queue& relay);
    void look_again_at(const relay_ptr& relay, async::time_point time);
    void start_alarms();
    void wait_for_room(const relay_ptr& relay, const at_limit& limits);
    void place_freed(const route& route, const std::string& domain);
    void host_changed(const host& host);
    void serve_lines(const std::vector<shared_limit>& lines);
    void serve_line(const shared_limit& line);
    async::awaitable<> serve_long_queues();
    async::awaitable<> attend_all();
    async::awaitable<> serve(relay_ptr relay, std::unique_ptr<relay_attempt> attempt);
    void session_ended(const relay_ptr& relay, const route& route, bool was_ready);
    void fail_waiting(relay_queue& relay, const mail::status& reason);
    async::awaitable<> report(std::deque<queue::queued_message> failed, mail::status reason);
    void host_is_back(const host& host);
    async::awaitable<> housekeeping();
    async::awaitable<> dismiss_and_forget_relays();

    async::executor executor_;
    dependencies context_;
    std::shared_ptr<const settings> settings_;
    own_addresses self_;
    std::unique_ptr<dialer> dialer_;
    ledger ledger_;
    alarms alarms_;
    host_wait_queue wait_queue_;
    std::set<shared_limit> long_queues_;  // of which more are to be asked, in a later turn
    bool serves_long_queues_ = false;
    idle_places idle_;
    std::deque<fresh_task> fresh_;  // handed over and not taken yet
    std::deque<relay_ptr> with_news_;  // of which the way is known now
    std::size_t taken_at_once_ = 0;  // since a turn of catch_up()
    std::size_t catching_up_ = 0;  // coroutines that work through these two: one at most
    using relay_key = std::pair<spool::next_hop, const settings*>;
    std::map<relay_key, relay_ptr> relays_;  // those of earlier settings, too, until they are done
    async::task_group sessions_;
    async::task_group timekeeping_;
    bool keeping_house_ = false;  // housekeeping() runs: as long as there are relays
    bool stopping_ = false;
};

}  // namespace waypost::relay
