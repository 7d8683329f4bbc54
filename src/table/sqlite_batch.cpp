#include "sqlite_batch.hpp"

#include <sqlite3.h>

#include <optional>

#include "waypost/base/ascii.hpp"

namespace waypost::table {

namespace {

sqlite_answer ask_one(sqlite_connection& connection, const sqlite_question& question) {
    std::vector<found> rows;
    if (question.keys.empty()) {
        for (std::string& value : connection.list(question.kind)) rows.push_back({{}, std::move(value)});
    } else if (auto row = connection.lookup(question.kind, question.keys)) {
        rows.push_back(std::move(*row));
    }
    return rows;
}

/// Busy, interrupted and a row that cannot be used say nothing against the connection.
bool may_stay(const SQLite::Exception& error) {
    return error.getErrorCode() == SQLITE_BUSY || error.getErrorCode() == SQLITE_INTERRUPT ||
           sqlite_connection::is_bad_row(error);
}

}  // namespace

sqlite_answers ask(std::unique_ptr<sqlite_connection> connection, std::shared_ptr<const sqlite_settings> settings,
                   const std::vector<sqlite_question>& questions) {
    sqlite_answers given;
    given.answers.assign(questions.size(), sqlite_answer(errc::unavailable));
    if (connection == nullptr || !connection->is_current()) {
        connection.reset();
        auto opened = sqlite_connection::open(std::move(settings));
        if (const auto* faults = std::get_if<std::vector<fault>>(&opened)) {
            given.trouble = faults->front().text;
            return given;
        }
        connection = std::get<std::unique_ptr<sqlite_connection>>(std::move(opened));
    }
    bool usable = true;
    try {
        std::optional<sqlite_connection::snapshot> shared;
        if (questions.size() > 1) shared.emplace(*connection);
        for (std::size_t i = 0; i < questions.size() && usable; ++i) {
            try {
                given.answers[i] = ask_one(*connection, questions[i]);
            } catch (const SQLite::Exception& error) {
                given.trouble = base::printable(error.what());
                usable = may_stay(error);
                if (sqlite_connection::is_bad_row(error)) given.answers[i] = errc::malformed_row;
            }
        }
    } catch (const SQLite::Exception& error) {
        given.trouble = base::printable(error.what());
        usable = may_stay(error);
    }
    if (usable) given.used = std::move(connection);
    return given;
}

}  // namespace waypost::table
