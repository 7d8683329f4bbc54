// queue.db as its one writing connection sees it: the verbs of the store in SQL, each statement prepared once.
// Blocking, and for one thread: the writer's.
//
// Everything between begin() and commit() is one transaction. A SQLite::Exception says that the statement did nothing;
// what becomes of the transaction is the caller's to decide.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "rows.hpp"
#include "waypost/spool/make_store.hpp"
#include "write_ahead_log.hpp"

namespace waypost::spool::sqlite {

struct corrected_times {
    async::wall_time now;
    async::wall_time latest;
};
/// What nobody waits for.
using update = std::variant<remove, defer, expedite, corrected_times>;

struct statements;

class database {
public:
    /// Opens the queue of `directory`, or makes an empty one.
    database(const std::string& directory, warning_sink warn, int pages_per_checkpoint);
    ~database();
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    void begin();
    void commit();
    void roll_back() noexcept;
    /// Within a transaction: what follows can be undone alone.
    void begin_one();
    void keep_one();
    void undo_one();

    void insert(const queued_message& entry);
    void apply(const update& handover);
    /// Never offers it again in this process.
    void pass_over(envelope_id id) { unreadable_.insert(static_cast<std::int64_t>(id.value())); }

    /// Names of body files that no row of a message names any more since the last commit. The table `removals` has
    /// them until forget_removal(), so that a restart knows them too.
    [[nodiscard]] std::vector<std::string> take_unneeded_files();
    void forget_removal(const std::string& file);
    [[nodiscard]] write_ahead_log& log() noexcept { return log_; }

    [[nodiscard]] std::vector<next_hop> hops_due(async::wall_time now);
    [[nodiscard]] std::vector<next_hop> hops_due_since(async::wall_time start, async::wall_time now);
    /// Sets aside what it cannot believe.
    [[nodiscard]] std::vector<queued_message> due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                                  std::vector<envelope_id> known_ids);
    [[nodiscard]] std::optional<async::wall_time> next_due(async::wall_time now);
    [[nodiscard]] std::uint64_t count();
    /// No id up to this one may be given out: a row has it, or it was reserved and may have been used.
    [[nodiscard]] message_id highest_id();
    /// Names this queue and no other: random, and kept.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    struct suspect {
        std::int64_t id;
        std::string reason;
    };
    struct found_due {
        std::vector<queued_message> whole;
        std::vector<suspect> damaged;
    };
    struct in_transaction {
        std::int64_t envelopes = 0;  // more than before
        std::vector<std::string> files;
        std::int64_t envelopes_before_one = 0;
        std::size_t files_before_one = 0;
        std::int64_t highest_id = 0;
        std::int64_t reserved_id = 0;
    };

    void read_identity();
    void reserve_ids();
    void read_removals();
    void finish(envelope_id id);
    void postpone(const defer& change);
    void hasten(const expedite& change);
    void correct_times(const corrected_times& times);
    [[nodiscard]] std::vector<std::int64_t> ids_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                                    const std::vector<envelope_id>& known_ids);
    [[nodiscard]] found_due look_for_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                         const std::vector<envelope_id>& known_ids);
    [[nodiscard]] rows::validated<envelope> read_envelope(std::int64_t id);
    [[nodiscard]] rows::validated<message> read_message(message_id id);
    void set_aside(const std::vector<suspect>& damaged);

    std::string body_directory_;
    warning_sink warn_;
    SQLite::Database db_;
    write_ahead_log log_;
    std::unique_ptr<statements> sql_;
    in_transaction now_;
    std::string name_;
    std::int64_t reserved_id_ = 0;  // ids up to this one are given out after a restart no more
    std::vector<std::string> unneeded_files_;
    std::optional<std::int64_t> count_;  // counted when first asked for, kept up to date from then on
    std::unordered_set<std::int64_t> unreadable_;  // rows on pages that SQLite cannot read: passed over
};

}  // namespace waypost::spool::sqlite
