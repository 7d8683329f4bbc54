// A store in memory, with the contract of the real one: an answer comes in a later turn of the loop, changes are
// applied in order and before later questions, and what was refused was not kept.
#pragma once

#include <functional>
#include <map>

#include "support/temporary_directory.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::test {

class fake_store final : public spool::store {
public:
    enum class verb { insert, hops_due, due, next_due, load, count };

    [[nodiscard]] spool::message_id next_message_id() override { return spool::message_id(++last_id_); }
    [[nodiscard]] std::shared_ptr<spool::content> new_content(spool::message_id id) override;
    async::awaitable<base::result<>> insert(const spool::queued_message& entry) override;
    void apply(spool::change change) override;
    void correct_times(async::wall_time now, async::wall_time latest) override;
    async::awaitable<base::result<std::vector<spool::next_hop>>> hops_due(async::wall_time now) override;
    async::awaitable<base::result<std::vector<spool::next_hop>>> hops_due_since(async::wall_time start,
                                                                                async::wall_time now) override;
    async::awaitable<base::result<std::vector<spool::queued_message>>> due(
        spool::next_hop hop, async::wall_time now, std::size_t limit,
        std::vector<spool::envelope_id> known_ids) override;
    async::awaitable<base::result<std::optional<async::wall_time>>> next_due(async::wall_time now) override;
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> load(spool::message_id id) override;
    async::awaitable<base::result<std::uint64_t>> count() override;

private:
    temporary_directory here_;  // others count their messages from 1 too
    async::thread_pool io_{1};  // outlives the contents below, which use it to their end

public:
    struct kept_envelope {
        spool::envelope is;
        async::wall_time next_try;
        bool for_host = false;
    };
    std::map<spool::message_id, spool::message> messages;
    std::map<spool::envelope_id, kept_envelope> envelopes;

    /// Asked before each answer; true refuses it.
    std::function<bool(verb)> refuses = [](verb) { return false; };
    std::map<verb, std::size_t> asked;
    /// How long the answer to a question is on its way when it was found; without it, a turn of the loop.
    std::function<async::awaitable<>()> on_the_way;

private:
    async::awaitable<bool> refused(verb verb);
    async::awaitable<> answer_travels();

    std::uint64_t last_id_ = 0;
};

}  // namespace waypost::test
