// The store over one SQLite database in WAL mode, synced at every commit, and written by one thread.
//
// Everything that waits for that thread is one commit: while one batch syncs, the next fills. See src/spool/README.md
// for the schema, which users may read with sqlite3.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::spool {

struct settings {
    std::string directory = "/var/spool/waypost";
    /// Octets of the volume that new mail leaves free; none: in proportion to the volume.
    std::optional<std::uint64_t> reserve;
    /// The calendar that message ids come from.
    std::function<async::wall_time()> wall = [] { return std::chrono::system_clock::now(); };
};

/// Something that recovery or the writer thread met and an administrator should read: a row set aside, a body file
/// without a row, a commit that failed and is tried again.
using warning_sink = std::function<void(const std::string& text)>;

class sqlite_store final : public store {
public:
    /// Creates or opens `directory`/queue.db, checks its schema, sets unreadable rows aside and removes body files that
    /// no row names. `loop` is where the coroutines that call this run. Throws std::runtime_error with a text for the
    /// administrator if the queue cannot be used (among other reasons, because another process has it open for
    /// writing). `warn` may be called from the writer thread.
    sqlite_store(const async::executor& loop, async::thread_pool& io, settings settings, warning_sink warn);
    /// Commits what was handed over and ends the writer thread. Blocks.
    ~sqlite_store() override;

    /// Names this queue and no other, for ever.
    [[nodiscard]] const std::string& name() const noexcept;
    /// Messages with lower ids were accepted by an earlier process.
    [[nodiscard]] message_id first_new_id() const noexcept;

    [[nodiscard]] message_id next_message_id() override;
    [[nodiscard]] bool has_room(std::uint64_t octets) const override;
    [[nodiscard]] std::shared_ptr<content> new_content(message_id id) override;
    async::awaitable<base::result<>> insert(const queued_message& entry) override;
    void apply(change change) override;
    void correct_times(async::wall_time now, async::wall_time latest) override;
    async::awaitable<base::result<std::vector<next_hop>>> hops_due(async::wall_time now) override;
    async::awaitable<base::result<std::vector<next_hop>>> hops_due_since(async::wall_time start,
                                                                         async::wall_time now) override;
    async::awaitable<base::result<std::vector<queued_message>>> due(next_hop hop, async::wall_time now,
                                                                    std::size_t limit,
                                                                    std::vector<envelope_id> known_ids) override;
    async::awaitable<base::result<std::optional<async::wall_time>>> next_due(async::wall_time now) override;
    async::awaitable<base::result<std::shared_ptr<const content>>> load(message_id id) override;
    async::awaitable<base::result<std::uint64_t>> count() override;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace waypost::spool
