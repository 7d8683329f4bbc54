// Questions to a database that are answered together: values in, values out, so that a worker thread shares nothing
// with the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sqlite_connection.hpp"

namespace waypost::table {

struct sqlite_question {
    service kind;
    std::vector<std::string> keys;  // none: everything there is, for fetch()
};
using sqlite_answer = base::result<std::vector<found>>;  // of a lookup, one row or none

struct sqlite_answers {
    std::unique_ptr<sqlite_connection> used;  // null if it is not fit to be used again
    std::vector<sqlite_answer> answers;       // in the order of the questions
    std::string trouble;                      // the last that there was, for an administrator
};

/// Blocks. A connection that is missing, or to a file that is another by now, is opened.
[[nodiscard]] sqlite_answers ask(std::unique_ptr<sqlite_connection> connection,
                                 std::shared_ptr<const sqlite_settings> settings,
                                 const std::vector<sqlite_question>& questions);

}  // namespace waypost::table
