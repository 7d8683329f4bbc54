#include "sqlite_connection.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include "waypost/base/ascii.hpp"
#include "waypost/table/services.hpp"

namespace waypost::table {

namespace {

// A writer that commits holds the database for milliseconds. Longer than this is somebody's forgotten transaction, and
// a worker thread is too good to wait for that.
constexpr int busy_milliseconds = 250;
// A query by key takes microseconds; a view that recurses for ever takes as long as one lets it.
constexpr std::chrono::seconds longest_query{2};
constexpr int instructions_between_looks = 1000;
constexpr int longest_value = 1 << 20;
constexpr std::size_t longest_answer = 64U << 10;
// No connection that only reads has another use for this code.
constexpr int bad_row_code = SQLITE_CONSTRAINT;

std::pair<std::uint64_t, std::uint64_t> identity_of(const std::string& path) {
    struct stat about = {};
    if (::stat(path.c_str(), &about) != 0) return {};
    return {about.st_dev, about.st_ino};
}

int is_too_late(void* deadline) {
    return std::chrono::steady_clock::now() > *static_cast<std::chrono::steady_clock::time_point*>(deadline) ? 1 : 0;
}

/// `text REGEXP expression` is regexp(expression, text) to SQLite, which has none of its own.
void regexp(sqlite3_context* context, int, sqlite3_value** values) {
    const auto text_of = [](sqlite3_value* value) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
        return std::string_view(text == nullptr ? "" : text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
    };
    const std::string_view expression = text_of(values[0]);
    if (const auto wrong = regex::fault_of(expression, {})) {
        // Another may match, and then it does not matter.
        *static_cast<std::string*>(sqlite3_user_data(context)) = wrong->text;
    }
    sqlite3_result_int(context, regex::covers(expression, text_of(values[1])) ? 1 : 0);
}

bool joins_its_rows(service kind) { return kind == service::alias || kind == service::mailaddrmap; }

fault fault_of(const sqlite_settings& settings, const sqlite_query& query, std::string text, std::string hint = {}) {
    return {settings.file, query.line, query.name + " " + std::move(text), std::move(hint), false};
}

/// There is none where the file was read anew between the question and its answer.
SQLite::Statement& statement_for(std::map<service, SQLite::Statement>& statements, service kind) {
    const auto at = statements.find(kind);
    if (at == statements.end()) throw SQLite::Exception("no query for " + std::string(name_of(kind)));
    return at->second;
}

/// A statement in use: ready for the next use when this ends, whatever way.
struct use {
    explicit use(SQLite::Statement& of) : statement(of) {}
    ~use() { statement.tryReset(); }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    SQLite::Statement& statement;
};

}  // namespace

std::variant<std::unique_ptr<sqlite_connection>, std::vector<fault>> sqlite_connection::open(
    std::shared_ptr<const sqlite_settings> settings) {
    std::vector<fault> faults;
    try {
        std::unique_ptr<sqlite_connection> made(new sqlite_connection(settings, faults));
        if (faults.empty()) return made;
    } catch (const SQLite::Exception& error) {
        const bool may_pass = error.getErrorCode() == SQLITE_BUSY || error.getErrorCode() == SQLITE_LOCKED;
        faults.push_back({settings->file,
                          0,
                          "the database \"" + base::printable(settings->database) +
                              "\" cannot be read: " + base::printable(error.what()),
                          {},
                          may_pass});
    }
    return faults;
}

sqlite_connection::sqlite_connection(std::shared_ptr<const sqlite_settings> settings, std::vector<fault>& faults)
    : settings_(std::move(settings)),
      identity_(identity_of(settings_->database)),
      db_(settings_->database, SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, busy_milliseconds) {
    harden();
    add_regexp();
    db_.exec("SELECT count(*) FROM sqlite_schema");  // is it a database at all?
    for (const auto& [kind, query] : settings_->lookups) prepare(query, kind, true, faults);
    for (const auto& [kind, query] : settings_->fetches) prepare(query, kind, false, faults);
}

void sqlite_connection::harden() {
    sqlite3* const db = db_.getHandle();
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, longest_value);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    deadline_ = std::chrono::steady_clock::now() + longest_query;
    sqlite3_progress_handler(db, instructions_between_looks, &is_too_late, &deadline_);
    db_.exec("PRAGMA cell_size_check = ON");
}

void sqlite_connection::add_regexp() {
    sqlite3_create_function_v2(db_.getHandle(), "regexp", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                               &bad_expression_, &regexp, nullptr, nullptr, nullptr);
}

void sqlite_connection::prepare(const sqlite_query& query, service kind, bool has_key, std::vector<fault>& faults) {
    sqlite3_stmt* compiled = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v2(db_.getHandle(), query.text.c_str(), -1, &compiled, &rest);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> looked_at(compiled, &sqlite3_finalize);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) throw SQLite::Exception(db_.getHandle(), code);
    if (code != SQLITE_OK) {
        faults.push_back(fault_of(*settings_, query, "is refused by SQLite: " + base::printable(db_.getErrorMsg())));
        return;
    }
    const auto refuse = [&](std::string text, std::string hint) {
        faults.push_back(fault_of(*settings_, query, std::move(text), std::move(hint)));
    };
    if (compiled == nullptr) return refuse("holds no query", "write a select");
    if (std::string_view(rest).find_first_not_of(" \t;") != std::string_view::npos)
        return refuse("holds more than one query", "end it with the first ;");
    if (sqlite3_stmt_readonly(compiled) == 0) return refuse("would change the database", "write a select");

    const int parameters = sqlite3_bind_parameter_count(compiled);
    if (has_key && parameters != 1)
        return refuse("has " + std::to_string(parameters) + " places for the key", "write exactly one ?");
    if (!has_key && parameters != 0)
        return refuse("has a ?, and there is no key to put there", "select all that there is");
    const column_range wanted = has_key ? columns_of(kind) : column_range{1, 1, "the value"};
    const int columns = sqlite3_column_count(compiled);
    if (columns < wanted.least || columns > wanted.most) {
        const std::string range = wanted.least == wanted.most
                                      ? std::to_string(wanted.least)
                                      : std::to_string(wanted.least) + " or " + std::to_string(wanted.most);
        return refuse("selects " + std::to_string(columns) + (columns == 1 ? " column" : " columns") + ", not " + range,
                      "select " + std::string(wanted.are));
    }
    (has_key ? lookups_ : fetches_).emplace(kind, SQLite::Statement(db_, query.text));
}

bool sqlite_connection::is_current() const { return identity_of(settings_->database) == identity_; }

bool sqlite_connection::is_bad_row(const SQLite::Exception& error) noexcept {
    return error.getErrorCode() == bad_row_code;
}

/// Columns of their own become fields with a colon between them, so none but the last may hold one.
std::string sqlite_connection::row_of(service kind, std::string_view key, SQLite::Statement& statement) {
    std::string row = statement.getColumn(0).getString();
    if (kind != service::credentials && kind != service::userinfo) return row;
    for (int i = 1; i < statement.getColumnCount(); ++i) {
        const bool is_split = statement.getColumn(i - 1).getString().find(':') != std::string::npos;
        if (is_split) {
            throw SQLite::Exception("its row \"" + base::printable(key, 128) +
                                        "\" cannot be used: there is a colon in a column before the last",
                                    bad_row_code);
        }
        row += ":" + statement.getColumn(i).getString();
    }
    return row;
}

std::optional<found> sqlite_connection::lookup(service kind, const std::vector<std::string>& keys) {
    SQLite::Statement& statement = statement_for(lookups_, kind);
    bad_expression_.clear();
    deadline_ = std::chrono::steady_clock::now() + longest_query;
    for (const std::string& key : keys) {
        const use now(statement);
        statement.bindNoCopy(1, key);
        if (!statement.executeStep()) continue;
        std::string row = row_of(kind, key, statement);
        while (joins_its_rows(kind) && statement.executeStep()) {
            row += ", " + row_of(kind, key, statement);
            if (row.size() > longest_answer) throw SQLite::Exception("an answer of more than 64 KiB");
        }
        return found{key, std::move(row)};
    }
    if (!bad_expression_.empty()) throw SQLite::Exception(bad_expression_, bad_row_code);
    return std::nullopt;
}

std::vector<std::string> sqlite_connection::list(service kind) {
    const use now(statement_for(fetches_, kind));
    deadline_ = std::chrono::steady_clock::now() + longest_query;
    std::vector<std::string> all;
    std::size_t size = 0;
    while (now.statement.executeStep()) {
        all.push_back(now.statement.getColumn(0).getString());
        size += all.back().size();
        if (size > longest_answer) throw SQLite::Exception("an answer of more than 64 KiB");
    }
    return all;
}

}  // namespace waypost::table
