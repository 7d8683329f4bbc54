// Rows judged by the services that they are for. A judge that may ask always is the same one that live rows meet.
#include "load_context.hpp"

namespace waypost::config {

void check_rows(load_context& now, const loaded_table& rows, table::row_judge judge) {
    for (std::size_t i = 0; i < rows.content().rows.size(); ++i) {
        const auto& [key, value] = rows.content().rows[i];
        auto wrong = judge(key, value);
        if (wrong) now.faults.add({rows.where(i), std::move(wrong->text), std::move(wrong->hint), wrong->warning});
    }
}

void check_rows_always(load_context& now, const loaded_table& rows, table::row_judge judge) {
    check_rows(now, rows, judge);
    rows.get()->judge_by(judge);
}

void doubt_rows(load_context& now, const loaded_table& rows, table::row_judge judge) {
    for (std::size_t i = 0; i < rows.content().rows.size(); ++i) {
        const auto& [key, value] = rows.content().rows[i];
        auto doubt = judge(key, value);
        if (doubt) now.faults.warn(rows.where(i), std::move(doubt->text), std::move(doubt->hint));
    }
}

}  // namespace waypost::config
