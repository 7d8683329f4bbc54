// A fake_store that remembers the changes it was given, and that can keep those who insert waiting: a disk that is
// slow.
#pragma once

#include <memory>
#include <vector>

#include "support/fake_store.hpp"
#include "waypost/async/event.hpp"

namespace waypost::test {

class watched_store final : public spool::store {
public:
    explicit watched_store(const async::executor& executor) : released_(executor) {}
    ~watched_store() override {
        rows.messages.clear();
    }  // contents in files are removed by threads that still live now

    [[nodiscard]] spool::message_id next_message_id() override { return rows.next_message_id(); }
    [[nodiscard]] std::shared_ptr<spool::content> new_content(spool::message_id id) override {
        return rows.new_content(id);
    }
    async::awaitable<base::result<>> insert(const spool::queued_message& entry) override {
        ++inserting;
        while (holds) co_await released_.wait();
        co_return co_await rows.insert(entry);
    }
    void apply(spool::change change) override {
        changes.push_back(change);
        rows.apply(std::move(change));
    }
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

    void release() {
        holds = false;
        released_.notify();
    }

    fake_store rows;
    std::vector<spool::change> changes;
    std::size_t inserting = 0;  // insert()s so far
    bool holds = false;

private:
    async::event released_;
};

}  // namespace waypost::test
