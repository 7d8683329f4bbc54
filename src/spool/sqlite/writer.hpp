// The thread that owns the writing connection. It takes everything that waits as one batch, commits it, answers
// questions, and tells the loop once for all of them.
//
// While one batch syncs, the next fills; a batch with somebody who waits is never held back for more to come. Changes
// whose commit failed are kept and tried again, in order, before anything later.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "batch.hpp"
#include "space_guard.hpp"
#include "waypost/async/offload.hpp"

namespace waypost::spool::sqlite {

class writer {
public:
    writer(database& db, volume& room, const async::executor& loop, async::thread_pool& io, std::string directory,
           warning_sink warn);
    /// Commits what was handed over and ends the thread.
    ~writer();
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    // On the loop's thread:
    async::awaitable<> commit(insertion& insertion) {
        return enqueue(&batch::writes, write(&insertion), &batch::inserters);
    }
    async::awaitable<> answer(question& question) { return enqueue(&batch::questions, &question, &batch::askers); }
    void hand_over(update handover);
    /// Whether a message of this size would be taken, as far as is known now. Where not, the writer looks again soon:
    /// while mail is refused there may be no commit after which it would.
    [[nodiscard]] bool has_room(std::uint64_t octets);

private:
    template <class Item>
    async::awaitable<> enqueue(std::vector<Item> batch::* list, Item item,
                               std::vector<std::unique_ptr<waiter>> batch::* waiters);
    void add_with_waiter(auto put);

    void run();
    [[nodiscard]] bool wait_for_work(batch& batch);
    void commit_all(const batch& work);
    void ask_for_room();
    void commit_together(const batch& work);
    void commit_each_alone(const batch& work);
    void refuse(const batch& work, const std::exception& error);
    void retry_kept();
    void apply_alone(const update& handover);
    void insert_alone(insertion& insertion);
    void sync_body_directory(const batch& work);
    void committed(const batch& work);
    void failing(const std::string& reason);
    void answer_all(const batch& work);
    void resume_all(batch work);
    void remove_unneeded_files();

    struct removed_files {
        std::mutex mutex;
        std::vector<std::string> names;
    };

    database& db_;
    space_guard space_;
    async::executor loop_;
    async::thread_pool& io_;
    std::string body_directory_;
    warning_sink warn_;
    std::vector<update> handovers_;  // handed over, and not committed yet because a commit failed
    bool failing_ = false;
    std::chrono::steady_clock::time_point asked_for_room_;  // the loop's
    std::shared_ptr<removed_files> removed_ = std::make_shared<removed_files>();
    std::vector<std::string> to_forget_;  // of those, whose removal is on stable storage

    struct inbox {
        std::mutex mutex;
        std::condition_variable woken;
        batch waiting;
        bool lacks_room = false;  // a message was refused before it came
        bool closing = false;
    };
    std::shared_ptr<inbox> inbox_ = std::make_shared<inbox>();
    std::thread thread_;
};

}  // namespace waypost::spool::sqlite
