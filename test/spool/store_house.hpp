// The sentences that tests of a store are made of, whichever store it is.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/fake_store.hpp"
#include "support/run_to_end.hpp"
#include "waypost/spool/transaction.hpp"

namespace waypost::spool::test {

using namespace std::chrono_literals;
using waypost::test::run_to_end;

inline mail::mailbox address(std::string_view text) {
    auto parsed = mail::mailbox::parse(text);
    if (!parsed) throw std::invalid_argument(std::string(text));
    return *std::move(parsed);
}

/// A loop that does not stop for want of work: another thread that is just done with its own would stop it under the
/// next run_to_end().
struct busy_loop : boost::asio::io_context {
    boost::asio::executor_work_guard<executor_type> busy{get_executor()};

    template <class Condition>
    void run_until(Condition reached) {
        restart();
        while (!reached()) run_one();
    }
};

inline async::awaitable<base::result<std::string>> read_all(std::shared_ptr<const content> from) {
    std::string all;
    std::vector<char> scratch;
    for (;;) {
        auto piece = co_await from->read(all.size(), scratch);
        if (piece.has_error()) co_return piece.error();
        if (piece->empty()) co_return all;
        all += *piece;
    }
}

inline std::string long_text(std::size_t octets) {
    std::string text;
    while (text.size() < octets) text += "line " + std::to_string(text.size()) + "\r\n";
    return text;
}

inline std::vector<std::string> recipients_of(const std::vector<queued_message>& found) {
    std::vector<std::string> all;
    for (const queued_message& each : found) {
        for (const envelope& to : each.envelopes) all.push_back(to.recipient.address.text());
    }
    return all;
}

struct store_house {
    busy_loop loop;
    async::thread_pool io{2};
    std::unique_ptr<spool::store> store;
    async::wall_time now = async::wall_time(1'800'000'000s);
    base::error_code refusal;

    store_house() = default;
    ~store_house() {
        loop.restart();
        loop.poll();
        store.reset();
        loop.restart();
        loop.poll();
        io.join();
    }
    store_house(const store_house&) = delete;
    store_house& operator=(const store_house&) = delete;

    [[nodiscard]] envelope to(std::string_view mailbox, next_hop hop = {"outbound", "example.com"}) const {
        return {.hop = std::move(hop), .recipient = {.address = address(mailbox)}, .expires = now + 96h};
    }

    /// Nothing when the store refused; `refusal` says why.
    std::optional<receipt> commit(std::string text, std::vector<envelope> recipients) {
        return run_to_end(loop, commit_one(std::move(text), std::move(recipients)));
    }
    async::awaitable<std::optional<receipt>> commit_one(std::string text, std::vector<envelope> recipients) {
        transaction next(*store);
        next.text().set_trace("Received: by test\r\n");
        for (envelope& each : recipients) next.add(std::move(each));
        if (auto added = co_await next.text().append(text); added.has_error()) {
            refusal = added.error();
            co_return std::nullopt;
        }
        auto kept = co_await next.commit({.address = mail::reverse_path(address("sender@example.org"))}, now, false);
        if (kept.has_value()) co_return std::move(*kept);
        refusal = kept.error();
        co_return std::nullopt;
    }

    std::vector<queued_message> due(async::wall_time time, next_hop hop = {"outbound", "example.com"},
                                    std::size_t limit = 1000) {
        auto found = run_to_end(loop, store->due(std::move(hop), time, limit, {}));
        return std::move(found).value();
    }
    std::uint64_t count() { return run_to_end(loop, store->count()).value(); }

    base::result<std::string> text_of(message_id id) {
        auto loaded = run_to_end(loop, store->load(id));
        if (loaded.has_error()) return loaded.error();
        return run_to_end(loop, read_all(*loaded));
    }
};

/// The fake, which has to keep what the real ones do.
struct fake_queue : store_house {
    fake_queue() { store = std::make_unique<waypost::test::fake_store>(); }
    /// As after a restart, which a store in memory does not outlive.
    void open() {}
};

}  // namespace waypost::spool::test
