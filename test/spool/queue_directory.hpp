// A queue in a directory of its own that goes with the test, and the sentences that tests of the store are made of.
#pragma once

#include <SQLiteCpp/Database.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/run_to_end.hpp"
#include "support/temporary_directory.hpp"
#include "waypost/spool/sqlite_store.hpp"
#include "waypost/spool/transaction.hpp"

namespace waypost::spool::test {

using namespace std::chrono_literals;
using waypost::test::run_to_end;
using waypost::test::temporary_directory;

inline mail::mailbox address(std::string_view text) {
    auto parsed = mail::mailbox::parse(text);
    if (!parsed) throw std::invalid_argument(std::string(text));
    return *std::move(parsed);
}

/// Warnings come from the writer thread too.
class warnings {
public:
    [[nodiscard]] warning_sink sink() {
        return [this](const std::string& text) {
            const std::lock_guard held(mutex_);
            names_.push_back(text);
        };
    }
    [[nodiscard]] bool mention(std::string_view words) const {
        const std::lock_guard held(mutex_);
        return std::ranges::any_of(names_,
                                   [&](const std::string& text) { return text.find(words) != std::string::npos; });
    }
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard held(mutex_);
        return names_.size();
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> names_;
};

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

struct queue_directory {
    temporary_directory place;
    warnings warned;
    busy_loop loop;
    async::thread_pool io{2};
    std::unique_ptr<sqlite_store> store;
    async::wall_time now = async::wall_time(1'800'000'000s);
    async::wall_time calendar = std::chrono::system_clock::now();  // what the store takes for the time
    base::error_code refusal;

    queue_directory() { open(); }
    ~queue_directory() {
        loop.restart();
        loop.poll();
        store.reset();
        loop.restart();
        loop.poll();
        io.join();
    }
    queue_directory(const queue_directory&) = delete;
    queue_directory& operator=(const queue_directory&) = delete;

    void open() {
        close();
        store = std::make_unique<sqlite_store>(loop.get_executor(), io, how(), warned.sink());
    }
    void close() { store.reset(); }

    [[nodiscard]] settings how() const {
        return {.directory = queue(), .wall = [this] { return calendar; }};
    }
    [[nodiscard]] std::string queue() const { return place.path() + "/queue"; }
    [[nodiscard]] std::string body(message_id id) const { return queue() + "/body/" + to_string(id); }

    /// Speaks to the database as an administrator (or an enemy) would, beside the store.
    void sql(const std::string& statements) {
        SQLite::Database db(queue() + "/queue.db", SQLite::OPEN_READWRITE, 5000);
        db.exec(statements);
    }
    [[nodiscard]] std::int64_t sql_number(const std::string& question) {
        SQLite::Database db(queue() + "/queue.db", SQLite::OPEN_READONLY, 5000);
        return db.execAndGet(question).getInt64();
    }

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
    static async::awaitable<base::result<std::string>> read_all(std::shared_ptr<const content> from) {
        std::string all;
        std::vector<char> scratch;
        for (;;) {
            auto piece = co_await from->read(all.size(), scratch);
            if (piece.has_error()) co_return piece.error();
            if (piece->empty()) co_return all;
            all += *piece;
        }
    }
};

}  // namespace waypost::spool::test
