// A fake_store that remembers the changes it was given, and that can keep those who insert waiting: a disk that is
// slow.
#pragma once

#include <vector>

#include "support/forwarding_store.hpp"
#include "waypost/async/event.hpp"

namespace waypost::test {

class watched_store final : public forwarding_store {
public:
    explicit watched_store(const async::executor& executor) : released_(executor) {}
    ~watched_store() override {
        rows.messages.clear();
    }  // contents in files are removed by threads that still live now

    async::awaitable<base::result<>> insert(const spool::queued_message& entry) override {
        ++inserting;
        while (holds) co_await released_.wait();
        co_return co_await rows.insert(entry);
    }
    void apply(spool::change change) override {
        changes.push_back(change);
        rows.apply(std::move(change));
    }

    void release() {
        holds = false;
        released_.notify();
    }

    std::vector<spool::change> changes;
    std::size_t inserting = 0;  // insert()s so far
    bool holds = false;

private:
    async::event released_;
};

}  // namespace waypost::test
