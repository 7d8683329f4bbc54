// The store over one SQLite database in WAL mode, synced at every commit, and written by one thread.
//
// Everything that waits for that thread is one commit: while one batch syncs, the next fills. See README.md
// for the schema, which users may read with sqlite3.
#pragma once

#include <memory>
#include <string>

#include "waypost/async/awaitable.hpp"
#include "waypost/spool/make_store.hpp"

namespace waypost::spool::sqlite {

class sqlite_store final : public store {
public:
    /// As make_store() says. `warn` may be called from the writer thread.
    sqlite_store(const async::executor& loop, async::thread_pool& io, settings settings, warning_sink warn);
    /// Commits what was handed over and ends the writer thread. Blocks.
    ~sqlite_store() override;

    [[nodiscard]] const std::string& name() const noexcept;
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

}  // namespace waypost::spool::sqlite
