// Rows judged by the services that they are for. A judge that may ask always is the same one that live rows meet.
#include "loading.hpp"

namespace waypost::config {

void check_rows(loading& now, const shelved& rows, table::row_judge judge) {
    for (std::size_t i = 0; i < rows.content().rows.size(); ++i) {
        const auto& [key, value] = rows.content().rows[i];
        auto wrong = judge(key, value);
        if (wrong) now.faults.add({rows.where(i), std::move(wrong->text), std::move(wrong->hint), wrong->warning});
    }
}

void check_rows_always(loading& now, const shelved& rows, table::row_judge judge) {
    check_rows(now, rows, judge);
    rows.get()->judge_by(judge);
}

void doubt_rows(loading& now, const shelved& rows, table::row_judge judge) {
    for (std::size_t i = 0; i < rows.content().rows.size(); ++i) {
        const auto& [key, value] = rows.content().rows[i];
        auto doubt = judge(key, value);
        if (doubt) now.faults.warn(rows.where(i), std::move(doubt->text), std::move(doubt->hint));
    }
}

}  // namespace waypost::config
