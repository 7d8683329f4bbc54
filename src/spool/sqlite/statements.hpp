// The statements of the writing connection, each prepared once.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include "due_order.hpp"

namespace waypost::spool::sqlite {

struct statements {
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

}  // namespace waypost::spool::sqlite
