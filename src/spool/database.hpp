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
#include "waypost/spool/sqlite_store.hpp"

namespace waypost::spool {

struct corrected_times {
    async::wall_time now;
    async::wall_time latest;
};
/// What nobody waits for.
using handed_over = std::variant<finished, postponed, hastened, corrected_times>;

class database {
public:
    /// Opens the queue of `directory`, or makes an empty one.
    database(const std::string& directory, warning_sink warn);
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

    void insert(const queued& what);
    void apply(const handed_over& what);
    /// Never offers it again in this process.
    void pass_over(envelope_id id) { unreadable_.insert(static_cast<std::int64_t>(id.value())); }

    /// Names of body files that no row names any more since the last commit.
    [[nodiscard]] std::vector<std::string> take_unneeded_files();
    /// Between transactions: moves what the write-ahead log holds into the database when that is enough to be worth it.
    void checkpoint_if_due();

    [[nodiscard]] std::vector<next_hop> hops_due(async::wall_time now);
    [[nodiscard]] std::vector<next_hop> hops_due_since(async::wall_time after, async::wall_time now);
    /// Sets aside what it cannot believe.
    [[nodiscard]] std::vector<queued> due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                          std::vector<envelope_id> known);
    [[nodiscard]] std::optional<async::wall_time> next_due(async::wall_time now);
    [[nodiscard]] std::uint64_t count();
    [[nodiscard]] message_id highest_id();

private:
    struct statements;
    struct suspect {
        std::int64_t id;
        std::string why;
    };
    struct found_due {
        std::vector<queued> whole;
        std::vector<suspect> damaged;
    };
    struct in_transaction {
        std::int64_t envelopes = 0;  // more than before
        std::vector<std::string> files;
        std::int64_t envelopes_before_one = 0;
        std::size_t files_before_one = 0;
    };

    void finish(envelope_id id);
    void postpone(const postponed& what);
    void hasten(const hastened& what);
    void correct_times(const corrected_times& to);
    [[nodiscard]] std::vector<std::int64_t> ids_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                                    const std::vector<envelope_id>& known);
    [[nodiscard]] found_due look_for_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                         const std::vector<envelope_id>& known);
    [[nodiscard]] rows::judged<envelope> read_envelope(std::int64_t id);
    [[nodiscard]] rows::judged<message> read_message(message_id id);
    void set_aside(const std::vector<suspect>& damaged);

    std::string body_directory_;
    warning_sink warn_;
    SQLite::Database db_;
    std::unique_ptr<statements> sql_;
    in_transaction now_;
    std::vector<std::string> unneeded_files_;
    std::optional<std::int64_t> count_;  // counted when first asked for, kept up to date from then on
    std::unordered_set<std::int64_t> unreadable_;  // rows on pages that SQLite cannot read: passed over
    int log_pages_ = 0;
    int checkpoint_at_;
};

}  // namespace waypost::spool
