#include "database.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "due_order.hpp"
#include "message_ids.hpp"
#include "schema.hpp"
#include "statement.hpp"
#include "waypost/base/overloaded.hpp"

namespace waypost::spool {
namespace {

// The log of a queue that had a backlog shrinks to so many times its usual length: writing over a file is cheaper than
// growing it.
constexpr std::uint64_t log_lengths_kept = 8;
// A frame of the log is a page and a header.
constexpr std::uint64_t frame_size = schema::page_size + 24;
// Ten seconds of ids: the row that reserves them is written so seldom, and a restart skips no more.
constexpr std::int64_t ids_per_reservation = 100'000;

/// Statements that only read, under one lock and about one moment: by itself each would take and give back the file's
/// locks, which is half of its cost.
class read_transaction {
public:
    read_transaction(SQLite::Statement& begin, SQLite::Statement& end) : end_(end) { bound_statement(begin).run(); }
    ~read_transaction() {
        // Ends the transaction even if the step says that a statement of it failed.
        end_.tryReset();
        end_.tryExecuteStep();
        end_.tryReset();
    }
    read_transaction(const read_transaction&) = delete;
    read_transaction& operator=(const read_transaction&) = delete;

private:
    SQLite::Statement& end_;
};

std::int64_t number_of(message_id id) { return static_cast<std::int64_t>(id.value()); }
std::int64_t number_of(envelope_id id) { return static_cast<std::int64_t>(id.value()); }

}  // namespace

struct database::statements {
    SQLite::Database& db;

    SQLite::Statement begin{db, "BEGIN IMMEDIATE"};
    SQLite::Statement commit{db, "COMMIT"};
    SQLite::Statement begin_reading{db, "BEGIN"};
    SQLite::Statement begin_one{db, "SAVEPOINT one"};
    SQLite::Statement keep_one{db, "RELEASE one"};
    SQLite::Statement undo_one{db, "ROLLBACK TO one"};

    SQLite::Statement insert_message{db,
                                     "INSERT INTO messages (id, arrived, reverse_path, body_8bitmime, has_8bit, ret, "
                                     "envid, size, file, trace, text) "
                                     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
    SQLite::Statement insert_envelope{db,
                                      "INSERT INTO envelopes (id, action, domain, next_try, expires, tries, warnings, "
                                      "forward_path, given, user, extension, target, notify, orcpt, last) "
                                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')"};

    SQLite::Statement delete_envelope{db, "DELETE FROM envelopes WHERE id = ?"};
    SQLite::Statement delete_message{
        db,
        "DELETE FROM messages WHERE id = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM envelopes WHERE id BETWEEN ?1 << 20 AND (?1 << 20) + 1048575) RETURNING file"};
    SQLite::Statement postpone{
        db, "UPDATE envelopes SET tries = ?, warnings = ?, next_try = ?, last = ?, for_host = ? WHERE id = ?"};
    SQLite::Statement hasten{db,
                             "UPDATE envelopes SET next_try = ?3, for_host = 0 WHERE id IN (SELECT id FROM envelopes "
                             "WHERE for_host = 1 AND action = ?1 AND domain = ?2 AND next_try > ?3 AND tries > 0 "
                             "ORDER BY next_try LIMIT ?4)"};
    // New rows are found by their ids, which have the time in them.
    SQLite::Statement correct_new{db,
                                  "UPDATE envelopes SET next_try = ?1 WHERE id >= ?2 AND tries <= 0 AND next_try > ?1"};
    SQLite::Statement correct_postponed{db, "UPDATE envelopes SET next_try = ?1 WHERE tries > 0 AND next_try > ?2"};

    SQLite::Statement first_hop{db, "SELECT action, domain FROM envelopes ORDER BY action, domain LIMIT 1"};
    // Past all of a hop at once: with two columns SQLite would look at each of its envelopes.
    SQLite::Statement next_hop{db,
                               "SELECT action, domain FROM envelopes WHERE (action, domain, next_try) > (?, ?, "
                               "9223372036854775807) ORDER BY action, domain, next_try LIMIT 1"};
    SQLite::Statement hop_is_due{
        db, "SELECT EXISTS (SELECT 1 FROM envelopes WHERE action = ? AND domain = ? AND next_try <= ?)"};
    SQLite::Statement hops_due_since{
        db, "SELECT DISTINCT action, domain FROM envelopes WHERE tries > 0 AND next_try > ? AND next_try <= ?"};
    due_order ids_due{db};
    SQLite::Statement read_envelope{db,
                                    "SELECT action, domain, expires, tries, warnings, forward_path, given, user, "
                                    "extension, target, notify, orcpt, last FROM envelopes "
                                    "WHERE id = ?"};
    SQLite::Statement read_message{
        db, "SELECT arrived, reverse_path, body_8bitmime, has_8bit, ret, envid, size, file FROM messages WHERE id = ?"};
    SQLite::Statement next_due{
        db, "SELECT next_try FROM envelopes WHERE tries > 0 AND next_try > ? ORDER BY next_try LIMIT 1"};
    SQLite::Statement count{db, "SELECT count(*) FROM envelopes"};
    SQLite::Statement highest_id{db,
                                 "SELECT max(ifnull((SELECT max(id) FROM messages WHERE id <= ?1), 0), "
                                 "ifnull((SELECT max(id) FROM envelopes WHERE id < (?1 + 1) << 20) >> 20, 0))"};

    SQLite::Statement pages{db, "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"};
    SQLite::Statement removals{db, "SELECT file FROM removals"};
    SQLite::Statement add_removal{db, "INSERT OR IGNORE INTO removals VALUES (?)"};
    SQLite::Statement forget_removal{db, "DELETE FROM removals WHERE file = ?"};
    SQLite::Statement identity{db, "SELECT name, reserved_id FROM queue"};
    SQLite::Statement new_identity{db,
                                   "INSERT OR REPLACE INTO queue VALUES (1, lower(hex(randomblob(8))), ?) "
                                   "RETURNING name, reserved_id"};
    SQLite::Statement reserve{db, "UPDATE queue SET reserved_id = ?"};

    SQLite::Statement set_aside{
        db,
        "INSERT INTO damaged (id, row, why, at) SELECT id, "
        "'action=' || quote(action) || ' domain=' || quote(domain) || ' next_try=' || quote(next_try) || ' expires=' "
        "|| "
        "quote(expires) || ' tries=' || quote(tries) || ' warnings=' || quote(warnings) || ' forward_path=' || "
        "quote(forward_path) || ' given=' || quote(given) || ' user=' || quote(user) || ' extension=' || "
        "quote(extension) || ' target=' || quote(target) || ' notify=' || quote(notify) || "
        "' orcpt=' || quote(orcpt) || ' last=' || quote(last) || ' for_host=' || quote(for_host), ?2, ?3 FROM "
        "envelopes WHERE id = ?1"};
};

database::database(const std::string& directory, warning_sink warn, int pages_per_checkpoint)
    : path_(directory + "/queue.db"),
      body_directory_(directory + "/body"),
      warn_(std::move(warn)),
      db_((schema::create_if_absent(directory),
           schema::open_for_writing(
               directory, log_lengths_kept * schema::page_size * static_cast<std::uint64_t>(pages_per_checkpoint)))),
      sql_(new statements{db_}),
      pages_per_checkpoint_(pages_per_checkpoint),
      checkpoint_at_(pages_per_checkpoint) {
    auto committed = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<database*>(self)->log_pages_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(db_.getHandle(), committed, this);
    read_identity();
    read_removals();
}

database::~database() = default;

void database::read_identity() {
    constexpr std::size_t length = 16;
    bound_statement row(sql_->identity);
    if (row.next()) {
        name_ = row.text(0);
        reserved_id_ = row.number(1);
    }
    const bool is_name = name_.size() == length && base::from_hex(name_);
    if (is_name && reserved_id_ >= 0 && reserved_id_ <= rows::last_message_id) return;
    warn_("the row of the table `queue` is damaged; the queue gets a new name");
    bound_statement fresh(sql_->new_identity);
    fresh << std::int64_t{0};
    fresh.next();
    name_ = fresh.text(0);
    reserved_id_ = 0;
}

void database::read_removals() {
    bound_statement row(sql_->removals);
    while (row.next()) {
        const auto id = base::from_hex(row.text(0));
        if (id && rows::is_file_of(message_id(*id), row.text(0))) unneeded_files_.push_back(row.text(0));
    }
}

void database::forget_removal(const std::string& file) {
    bound_statement row(sql_->forget_removal);
    row << file;
    row.run();
}

// In the transaction of the first message that needs it: what was reserved is durable when the message is.
void database::reserve_ids() {
    if (now_.highest_id <= reserved_id_) return;
    now_.reserved_id = std::min(now_.highest_id + ids_per_reservation, rows::last_message_id);
    bound_statement row(sql_->reserve);
    row << now_.reserved_id;
    row.run();
}

void database::begin() {
    now_ = {};
    bound_statement(sql_->begin).run();
}

void database::commit() {
    reserve_ids();
    bound_statement(sql_->commit).run();
    reserved_id_ = std::max(reserved_id_, now_.reserved_id);
    if (count_) *count_ += now_.envelopes;
    std::move(now_.files.begin(), now_.files.end(), std::back_inserter(unneeded_files_));
    now_ = {};
}

void database::roll_back() noexcept {
    // SQLite may have done it already, for example when the disk is full.
    if (sqlite3_get_autocommit(db_.getHandle()) == 0) db_.tryExec("ROLLBACK");
    now_ = {};
}

void database::begin_one() {
    bound_statement(sql_->begin_one).run();
    now_.envelopes_before_one = now_.envelopes;
    now_.files_before_one = now_.files.size();
}

void database::keep_one() { bound_statement(sql_->keep_one).run(); }

void database::undo_one() {
    bound_statement(sql_->undo_one).run();
    bound_statement(sql_->keep_one).run();
    now_.envelopes = now_.envelopes_before_one;
    now_.files.resize(now_.files_before_one);
}

void database::insert(const queued_message& entry) {
    const message& about = *entry.message;
    const std::string from = about.sender.address.text();
    const std::string ret(rows::from_ret(about.sender.ret));
    const std::string file = about.text->file_name();
    const std::int64_t arrived = rows::from_time(about.arrived);
    // Never later than its id says, so that correct_times() finds what a clock that was set back makes wait: a
    // transaction may have taken long.
    const std::int64_t due = std::min(arrived, rows::from_time(message_ids::time_of(about.id)));
    {
        bound_statement row(sql_->insert_message);
        row << number_of(about.id) << arrived << from << std::int64_t{about.sender.eight_bit}
            << std::int64_t{about.eight_bit} << ret << about.sender.envelope_id
            << static_cast<std::int64_t>(about.size);
        if (about.text->in_file())
            (row << file << about.text->trace()).null();
        else
            (row.null() << about.text->trace()).blob(about.text->text());
        row.run();
    }
    for (const envelope& each : entry.envelopes) {
        const std::string to = each.recipient.address.text();
        const std::string notify = mail::to_text(each.recipient.notify);
        bound_statement row(sql_->insert_envelope);
        row << number_of(each.id) << each.hop.action << each.hop.domain << due << rows::from_time(each.expires)
            << std::int64_t{each.tries} << std::int64_t{each.warnings} << to << each.original << each.user
            << each.extension << each.target << notify << each.recipient.original;
        row.run();
    }
    now_.envelopes += static_cast<std::int64_t>(entry.envelopes.size());
    now_.highest_id = std::max(now_.highest_id, number_of(about.id));
}

void database::apply(const update& handover) {
    std::visit(
        base::overloaded{[&](const remove& done) { finish(done.id); }, [&](const defer& later) { postpone(later); },
                         [&](const expedite& change) { hasten(change); },
                         [&](const corrected_times& times) { correct_times(times); }},
        handover);
}

void database::finish(envelope_id id) {
    bound_statement gone(sql_->delete_envelope);
    gone << number_of(id);
    gone.run();
    now_.envelopes -= db_.getChanges();
    bound_statement last(sql_->delete_message);
    last << number_of(message_of(id));
    while (last.next()) {
        if (last.is_null(0)) continue;
        std::string file = last.text(0);
        if (!rows::is_file_of(message_of(id), file)) continue;
        bound_statement row(sql_->add_removal);
        row << file;
        row.run();
        now_.files.push_back(std::move(file));
    }
}

void database::postpone(const defer& change) {
    const std::string said = change.last.line();
    bound_statement row(sql_->postpone);
    row << std::int64_t{change.tries} << std::int64_t{change.warnings} << rows::from_time(change.until) << said
        << std::int64_t{change.for_host} << number_of(change.id);
    row.run();
}

void database::hasten(const expedite& change) {
    bound_statement sooner(sql_->hasten);
    sooner << change.hop.action << change.hop.domain << rows::from_time(change.now)
           << static_cast<std::int64_t>(change.most);
    sooner.run();
}

void database::correct_times(const corrected_times& times) {
    const std::int64_t now = rows::from_time(times.now);
    bound_statement fresh(sql_->correct_new);
    fresh << now << number_of(envelope_of(message_ids::earliest_at(times.now), 0));
    fresh.run();
    bound_statement late(sql_->correct_postponed);
    late << now << rows::from_time(times.latest);
    late.run();
}

std::vector<std::string> database::take_unneeded_files() { return std::exchange(unneeded_files_, {}); }

void database::checkpoint_if_due() {
    if (log_pages_ < checkpoint_at_) return;
    // A reader may hold on to the log; then it grows, and trying at every commit would help nobody.
    if (!checkpoint(SQLITE_CHECKPOINT_PASSIVE)) checkpoint_at_ = log_pages_ + pages_per_checkpoint_;
}

bool database::checkpoint(int mode) noexcept {
    int in_log = 0;
    int moved = 0;
    const int said = sqlite3_wal_checkpoint_v2(db_.getHandle(), nullptr, mode, &in_log, &moved);
    if (said != SQLITE_OK || moved < in_log) return false;
    checkpoint_at_ = pages_per_checkpoint_;
    log_pages_ = 0;
    may_shrink_ = true;
    return true;
}

void database::empty_log() noexcept {
    // Whoever reads is not waited for: this thread has other work.
    sqlite3_busy_timeout(db_.getHandle(), 0);
    if (checkpoint(SQLITE_CHECKPOINT_PASSIVE)) checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    sqlite3_busy_timeout(db_.getHandle(), schema::patience_ms);
}

database::spare_room database::spare() {
    spare_room found;
    bound_statement row(sql_->pages);
    if (row.next()) found.in_database = static_cast<std::uint64_t>(row.number(1)) * schema::page_size;
    struct stat log{};
    const std::uint64_t used = static_cast<std::uint64_t>(log_pages_) * frame_size;
    if (::stat((path_ + "-wal").c_str(), &log) == 0) found.log_size = static_cast<std::uint64_t>(log.st_size);
    if (found.log_size > used) found.in_log = found.log_size - used;
    return found;
}

void database::shrink_if_easy(bool is_short) {
    // Copying 8 MiB takes some 30 ms; a database under 64 MiB is worth it only where room is short.
    constexpr std::int64_t most_to_copy = 2048;
    constexpr std::int64_t worth_it = 16'384;
    if (!std::exchange(may_shrink_, false)) return;
    std::int64_t all = 0;
    std::int64_t unused = 0;
    {
        bound_statement row(sql_->pages);
        if (!row.next()) return;
        all = row.number(0);
        unused = row.number(1);
    }
    if (all - unused > most_to_copy || unused < all / 4 * 3 || !(is_short || all >= worth_it)) return;
    // Where it fails, for lack of room or because somebody reads, there will be another time.
    if (db_.tryExec("VACUUM") == SQLITE_OK) empty_log();
}

// One step of the index from hop to hop, however many envelopes each has.
std::vector<next_hop> database::hops_due(async::wall_time now) {
    const read_transaction held(sql_->begin_reading, sql_->commit);
    std::vector<next_hop> found;
    std::optional<next_hop> at;
    for (;;) {
        bound_statement step(at ? sql_->next_hop : sql_->first_hop);
        if (at) step << at->action << at->domain;
        if (!step.next()) return found;
        next_hop hop{step.text(0), step.text(1)};
        bound_statement question(sql_->hop_is_due);
        question << hop.action << hop.domain << rows::from_time(now);
        if (question.next() && question.number(0) != 0) found.push_back(hop);
        at = std::move(hop);
    }
}

std::vector<next_hop> database::hops_due_since(async::wall_time start, async::wall_time now) {
    std::vector<next_hop> found;
    bound_statement row(sql_->hops_due_since);
    row << rows::from_time(start) << rows::from_time(now);
    while (row.next()) found.push_back({row.text(0), row.text(1)});
    return found;
}

std::vector<std::int64_t> database::ids_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                            const std::vector<envelope_id>& known_ids) {
    // The index alone answers this, so passing over those that are known costs little.
    const auto excluded = [&](std::int64_t id) {
        return std::ranges::binary_search(known_ids, envelope_id(static_cast<std::uint64_t>(id))) ||
               unreadable_.contains(id);
    };
    return sql_->ids_due.next(hop, rows::from_time(now), limit, excluded);
}

std::vector<queued_message> database::due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                          std::vector<envelope_id> known_ids) {
    std::ranges::sort(known_ids);
    for (;;) {
        found_due found = look_for_due(hop, now, limit, known_ids);
        if (found.damaged.empty()) return std::move(found.whole);
        // Again from the beginning: fewer than `limit` means to the asker that there are no more.
        set_aside(found.damaged);
    }
}

database::found_due database::look_for_due(const next_hop& hop, async::wall_time now, std::size_t limit,
                                           const std::vector<envelope_id>& known_ids) {
    const read_transaction held(sql_->begin_reading, sql_->commit);
    found_due found;
    struct seen {
        std::size_t place = 0;
        std::string reason;
    };
    std::unordered_map<message_id, seen> messages;
    for (const std::int64_t id : ids_due(hop, now, limit, known_ids)) {
        auto row = read_envelope(id);
        if (!row.value) {
            found.damaged.push_back({id, std::string(row.reason)});
            continue;
        }
        const message_id about = message_of(row.value->id);
        auto [at, is_new] = messages.try_emplace(about);
        if (is_new) {
            auto whole = read_message(about);
            at->second = {found.whole.size(), std::string(whole.reason)};
            if (whole.value) found.whole.push_back({std::make_shared<const message>(*std::move(whole.value)), {}});
        }
        if (at->second.reason.empty())
            found.whole[at->second.place].envelopes.push_back(*std::move(row.value));
        else
            found.damaged.push_back({id, at->second.reason});
    }
    return found;
}

rows::validated<envelope> database::read_envelope(std::int64_t id) {
    try {
        bound_statement row(sql_->read_envelope);
        row << id;
        if (!row.next()) return {std::nullopt, "an index names a row that is not there"};
        return rows::to_envelope({.id = id,
                                  .action = row.text(0),
                                  .domain = row.text(1),
                                  .forward_path = row.text(5),
                                  .original = row.text(6),
                                  .user = row.text(7),
                                  .extension = row.text(8),
                                  .target = row.text(9),
                                  .notify = row.text(10),
                                  .orcpt = row.text(11),
                                  .last = row.text(12),
                                  .expires = row.number(2),
                                  .tries = row.number(3),
                                  .warnings = row.number(4)});
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() != SQLITE_CORRUPT) throw;
        return {std::nullopt, "the page of the row is damaged"};
    }
}

rows::validated<message> database::read_message(message_id id) {
    try {
        bound_statement row(sql_->read_message);
        row << number_of(id);
        if (!row.next()) return {std::nullopt, "its message is not there"};
        rows::message_columns columns{.id = number_of(id),
                                      .arrived = row.number(0),
                                      .body_8bitmime = row.number(2),
                                      .has_8bit = row.number(3),
                                      .size = row.number(6),
                                      .reverse_path = row.text(1),
                                      .ret = row.text(4),
                                      .envid = row.text(5),
                                      .file = std::nullopt};
        if (!row.is_null(7)) columns.file = row.text(7);
        const bool in_file = columns.file.has_value();
        auto read = rows::to_message(std::move(columns));
        struct stat about{};
        if (read.value && in_file && ::stat((body_directory_ + '/' + to_string(id)).c_str(), &about) != 0 &&
            errno == ENOENT)
            return {std::nullopt, "its body file is not there"};
        return read;
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() != SQLITE_CORRUPT) throw;
        return {std::nullopt, "the page of its message is damaged"};
    }
}

void database::set_aside(const std::vector<suspect>& damaged) {
    const std::int64_t at = rows::from_time(std::chrono::system_clock::now());
    for (const suspect& each : damaged) {
        bool moved = false;
        try {
            begin();
            bound_statement copy(sql_->set_aside);
            copy << each.id << each.reason << at;
            copy.run();
            bound_statement gone(sql_->delete_envelope);
            gone << each.id;
            gone.run();
            moved = db_.getChanges() > 0;
            now_.envelopes -= db_.getChanges();
            commit();
        } catch (const SQLite::Exception&) {
            roll_back();
            moved = false;
        }
        if (!moved) unreadable_.insert(each.id);
        warn_("envelope " + base::hex(static_cast<std::uint64_t>(each.id)) + " is damaged: " + each.reason +
              (moved ? "; it was moved to the table `damaged`" : "; it is passed over"));
    }
}

std::optional<async::wall_time> database::next_due(async::wall_time now) {
    bound_statement row(sql_->next_due);
    row << rows::from_time(now);
    if (!row.next()) return std::nullopt;
    // A time that is out of range is looked at when it is the only one left, if ever.
    return rows::to_time(row.number(0));
}

std::uint64_t database::count() {
    if (!count_) {
        bound_statement row(sql_->count);
        row.next();
        count_ = row.number(0);
    }
    return static_cast<std::uint64_t>(*count_);
}

message_id database::highest_id() {
    bound_statement row(sql_->highest_id);
    row << rows::last_message_id;
    row.next();
    return message_id(static_cast<std::uint64_t>(std::max(row.number(0), reserved_id_)));
}

}  // namespace waypost::spool
