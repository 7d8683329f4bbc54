// What movers of mail need of the rest of the program, with fakes where the world would be: a store in memory, a clock
// that the test moves. Mail is handed to the transport under test as the queue would, and what became of it is read
// from the store.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"
#include "support/watched_store.hpp"
#include "waypost/mail/mailbox.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/queue/mail_queue.hpp"
#include "waypost/spool/transaction.hpp"

namespace waypost::test {

/// Keeps what it is given.
class shelf final : public queue::transport {
public:
    void carry(queue::queued_message task) override { tasks.push_back(std::move(task)); }
    std::vector<queue::queued_message> tasks;
};

/// Reports go to the shelf, under the action "reports".
class shelf_router final : public queue::report_router {
public:
    async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox recipient) override {
        std::vector<spool::envelope> found;
        found.push_back({.id = {},
                         .hop = {.action = "reports", .domain = {}},
                         .recipient = {.address = recipient, .notify = {}, .original = {}},
                         .original = {},
                         .user = {},
                         .expires = async::wall_time::max()});
        co_return found;
    }
};

class mail_house {
public:
    boost::asio::io_context loop;
    virtual_clock clock{loop};
    observe::log log{{.format = observe::log_format::text, .lowest = observe::level::debug}};
    async::thread_pool io{2};
    watched_store store{loop.get_executor()};
    shelf reports;
    shelf_router router;
    queue::mail_queue queue{loop.get_executor(), store, clock, log, router, {.host = "mx.example.org"}};

    mail_house() { queue.assign("reports", reports, true); }

    /// What is ready now runs; what other threads and the kernel are busy with gets the time that it needs.
    void until(const std::function<bool()>& holds) { run_until(loop, holds); }

    /// A message to these, due at once.
    spool::message_id send(const std::string& sender, std::vector<spool::envelope> envelopes,
                           std::string text = "Subject: test\r\n\r\nbody\r\n") {
        return finish(loop, put(sender, std::move(envelopes), std::move(text)));
    }
    [[nodiscard]] static spool::envelope envelope(const std::string& action, const std::string& address) {
        return {.id = {},
                .hop = {.action = action, .domain = {}},
                .recipient = {.address = mail::mailbox::parse(address).value(), .notify = {}, .original = {}},
                .original = {},
                .user = {},
                .expires = async::wall_time::max()};
    }

    /// How many envelopes are done with, and how many are to be tried again.
    [[nodiscard]] std::size_t remove() const { return count<spool::remove>(); }
    [[nodiscard]] std::size_t defer() const { return count<spool::defer>(); }
    /// Why the last envelope that was postponed was.
    [[nodiscard]] mail::status last_delay() const {
        mail::status last;
        for (const spool::change& each : store.changes) {
            if (const auto* later = std::get_if<spool::defer>(&each)) last = later->last;
        }
        return last;
    }
    /// The reports that were made, as text.
    [[nodiscard]] std::vector<std::string> report_texts() const {
        std::vector<std::string> all;
        for (const queue::queued_message& each : reports.tasks) all.push_back(each.message->text->text());
        return all;
    }

private:
    async::awaitable<spool::message_id> put(std::string sender_address, std::vector<spool::envelope> envelopes,
                                            std::string text) {
        spool::transaction next(store);
        static_cast<void>(co_await next.text().append(text));
        for (spool::envelope& each : envelopes) next.add(std::move(each));
        const auto path = mail::reverse_path::from_text(sender_address).value();
        mail::sender sender;
        sender.address = path;
        auto kept = co_await next.commit(std::move(sender), clock.wall(), false);
        const auto id = kept.value().message();
        queue.accepted(std::move(kept.value()));
        co_return id;
    }
    template <class Change>
    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            store.changes, [](const spool::change& change) { return std::holds_alternative<Change>(change); }));
    }
};

}  // namespace waypost::test
