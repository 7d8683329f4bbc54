// A queue in a directory of its own that goes with the test.
#pragma once

#include <SQLiteCpp/Database.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "spool/store_house.hpp"
#include "support/temporary_directory.hpp"
#include "waypost/spool/make_store.hpp"

namespace waypost::spool::test {

using waypost::test::temporary_directory;

/// What other threads do is waited for, up to a deadline that only a broken program reaches.
inline bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
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

struct queue_directory : store_house {
    temporary_directory place;
    warnings warned;
    async::wall_time calendar = std::chrono::system_clock::now();  // what the store takes for the time
    std::string name;
    message_id first_new_id;

    queue_directory() { open(); }
    ~queue_directory() {
        loop.restart();
        loop.poll();
        close();
        loop.restart();
        loop.poll();
        io.join();
    }

    void open() {
        close();
        auto opened = make_store(loop.get_executor(), io, how(), warned.sink());
        store = std::move(opened.store);
        name = std::move(opened.name);
        first_new_id = opened.first_new_id;
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
};

}  // namespace waypost::spool::test
