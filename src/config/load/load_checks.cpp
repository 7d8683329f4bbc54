// What several parts of load() check: rows by the services that ask for them, and paths, which must lead to the same
// place from wherever a program is started.
#include "load_context.hpp"
#include "waypost/base/ascii.hpp"

namespace waypost::config {

void check_rows(load_context& context, const loaded_table& rows, table::row_judge judge) {
    for (std::size_t i = 0; i < rows.content().rows.size(); ++i) {
        const auto& [key, value] = rows.content().rows[i];
        auto wrong = judge(key, value);
        if (wrong) context.faults.add({rows.where(i), std::move(wrong->text), std::move(wrong->hint), wrong->warning});
    }
}

void check_rows_always(load_context& context, const loaded_table& rows, table::row_judge judge) {
    check_rows(context, rows, judge);
    rows.get()->judge_by(judge);
}

void doubt_rows(load_context& context, const loaded_table& rows, table::row_judge judge) {
    for (std::size_t i = 0; i < rows.content().rows.size(); ++i) {
        const auto& [key, value] = rows.content().rows[i];
        auto doubt = judge(key, value);
        if (doubt) context.faults.warn(rows.where(i), std::move(doubt->text), std::move(doubt->hint));
    }
}

void check_absolute(load_context& context, const located_string& path, std::string_view name) {
    if (path.text.starts_with('/')) return;
    const std::string shown = base::printable(path.text, 64);
    context.faults.fault(path.location, std::string(name) + " \"" + shown + "\" is relative",
                         "write the whole path, as in \"/directory/" + shown + "\"");
}

void check_paths(load_context& context) {
    check_absolute(context, context.model.queue_path, "the queue path");
    for (const pki_definition& one : context.model.pki) {
        if (one.cert) check_absolute(context, *one.cert, "the path of the certificate");
        if (one.key) check_absolute(context, *one.key, "the path of the key");
    }
    for (const ca_definition& one : context.model.ca) check_absolute(context, one.cert, "the path of the certificates");
}

}  // namespace waypost::config
