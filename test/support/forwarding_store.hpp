// A store that does all that it is asked by a fake_store. A test overrides the verbs that are to do otherwise.
#pragma once

#include <memory>
#include <vector>

#include "support/fake_store.hpp"

namespace waypost::test {

class forwarding_store : public spool::store {
public:
    [[nodiscard]] spool::message_id next_message_id() override { return rows.next_message_id(); }
    [[nodiscard]] std::shared_ptr<spool::content> new_content(spool::message_id id) override {
        return rows.new_content(id);
    }
    async::awaitable<base::result<>> insert(const spool::queued_message& entry) override { return rows.insert(entry); }
    void apply(spool::change change) override { rows.apply(std::move(change)); }
    void correct_times(async::wall_time now, async::wall_time latest) override { rows.correct_times(now, latest); }
    async::awaitable<base::result<std::vector<spool::next_hop>>> hops_due(async::wall_time now) override {
        return rows.hops_due(now);
    }
    async::awaitable<base::result<std::vector<spool::next_hop>>> hops_due_since(async::wall_time start,
                                                                                async::wall_time now) override {
        return rows.hops_due_since(start, now);
    }
    async::awaitable<base::result<std::vector<spool::queued_message>>> due(
        spool::next_hop hop, async::wall_time now, std::size_t limit,
        std::vector<spool::envelope_id> known_ids) override {
        return rows.due(std::move(hop), now, limit, std::move(known_ids));
    }
    async::awaitable<base::result<std::optional<async::wall_time>>> next_due(async::wall_time now) override {
        return rows.next_due(now);
    }
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> load(spool::message_id id) override {
        return rows.load(id);
    }
    async::awaitable<base::result<std::uint64_t>> count() override { return rows.count(); }

    fake_store rows;
};

}  // namespace waypost::test
