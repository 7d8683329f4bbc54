// A prepared statement in use: what is bound to it, its rows, and that it is ready for the next use when this ends, on
// whatever way.
#pragma once

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <string>

namespace waypost::spool::sqlite {

class bound_statement {
public:
    explicit bound_statement(SQLite::Statement& statement) : statement_(statement) {}
    ~bound_statement() { statement_.tryReset(); }
    bound_statement(const bound_statement&) = delete;
    bound_statement& operator=(const bound_statement&) = delete;

    // Nothing is copied: what is bound lives until the statement has run.
    bound_statement& operator<<(const std::string& text) {
        statement_.bindNoCopy(++last_, text);
        return *this;
    }
    bound_statement& operator<<(std::string&&) = delete;
    bound_statement& operator<<(std::int64_t number) {
        statement_.bind(++last_, number);
        return *this;
    }
    bound_statement& blob(const std::string& octets) {
        statement_.bindNoCopy(++last_, octets.data(), static_cast<int>(octets.size()));
        return *this;
    }
    bound_statement& null() {
        statement_.bind(++last_);
        return *this;
    }

    void run() { statement_.exec(); }
    bool next() { return statement_.executeStep(); }
    [[nodiscard]] std::int64_t number(int column) const { return statement_.getColumn(column).getInt64(); }
    [[nodiscard]] std::string text(int column) const { return statement_.getColumn(column).getString(); }
    [[nodiscard]] bool is_null(int column) const { return statement_.isColumnNull(column); }

private:
    SQLite::Statement& statement_;
    int last_ = 0;
};

}  // namespace waypost::spool::sqlite
