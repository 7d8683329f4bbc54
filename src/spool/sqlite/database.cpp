#include "database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "bound_statement.hpp"
#include "message_ids.hpp"
#include "schema.hpp"
#include "statements.hpp"
#include "waypost/base/overloaded.hpp"

namespace waypost::spool::sqlite {
namespace {

// The log of a queue that had a backlog shrinks to so many times its usual length: writing over a file is cheaper than
// growing it.
constexpr std::uint64_t log_lengths_kept = 8;
// Ten seconds of ids: the row that reserves them is written so seldom, and a restart skips no more.
constexpr std::int64_t ids_per_reservation = 100'000;

}  // namespace

database::database(const std::string& directory, warning_sink warn, int pages_per_checkpoint)
    : body_directory_(directory + "/body"),
      warn_(std::move(warn)),
      db_((schema::create_if_absent(directory),
           schema::open_for_writing(
               directory, log_lengths_kept * schema::page_size * static_cast<std::uint64_t>(pages_per_checkpoint)))),
      log_(db_, directory + "/queue.db-wal", pages_per_checkpoint),
      sql_(new statements{db_}) {
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
        row << rows::from_id(about.id) << arrived << from << std::int64_t{about.sender.eight_bit}
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
        row << rows::from_id(each.id) << each.hop.action << each.hop.domain << due << rows::from_time(each.expires)
            << std::int64_t{each.tries} << std::int64_t{each.warnings} << to << each.original << each.user
            << each.extension << each.target << notify << each.recipient.original;
        row.run();
    }
    now_.envelopes += static_cast<std::int64_t>(entry.envelopes.size());
    now_.highest_id = std::max(now_.highest_id, rows::from_id(about.id));
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
    gone << rows::from_id(id);
    gone.run();
    now_.envelopes -= db_.getChanges();
    bound_statement last(sql_->delete_message);
    last << rows::from_id(message_of(id));
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
        << std::int64_t{change.for_host} << rows::from_id(change.id);
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
    fresh << now << rows::from_id(envelope_of(message_ids::earliest_at(times.now), 0));
    fresh.run();
    bound_statement late(sql_->correct_postponed);
    late << now << rows::from_time(times.latest);
    late.run();
}

std::vector<std::string> database::take_unneeded_files() { return std::exchange(unneeded_files_, {}); }

message_id database::highest_id() {
    bound_statement row(sql_->highest_id);
    row << rows::last_message_id;
    row.next();
    return message_id(static_cast<std::uint64_t>(std::max(row.number(0), reserved_id_)));
}

}  // namespace waypost::spool::sqlite
