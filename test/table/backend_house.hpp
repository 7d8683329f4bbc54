// What a backend needs around it, with a clock and workers of the test's own; warnings are kept.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "support/run_until.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/table/dependencies.hpp"
#include "waypost/table/services.hpp"

namespace waypost::table {

struct backend_house {
    boost::asio::io_context loop;
    async::thread_pool io{2};
    test::virtual_clock clock{loop};
    std::vector<std::string> warnings;
    dependencies context{io, clock, [this](std::string_view of, std::string_view text) {
                             warnings.push_back(std::string(of) + ": " + std::string(text));
                         }};
    test::temporary_directory here;

    template <class Service>
    auto find(table& in, std::string key) {
        return test::finish(loop, waypost::table::find<Service>(in, std::move(key)));
    }
    /// The value, "none", or "cannot ask".
    template <class Service>
    std::string said(table& in, std::string key) {
        const auto answer = find<Service>(in, std::move(key));
        if (answer.has_error()) return "cannot ask";
        return answer->has_value() ? **answer : "none";
    }
    std::string fetched(table& from, service kind = service::source) {
        const auto answer = test::finish(loop, from.fetch(kind));
        if (answer.has_error()) return "cannot ask";
        return answer->has_value() ? **answer : "none";
    }
    /// With blanks between them, or "cannot ask".
    std::string listed(table& from, service kind = service::source, std::size_t most = 100) {
        const auto answer = test::finish(loop, from.list(kind, most));
        if (answer.has_error()) return "cannot ask";
        std::string all;
        for (const std::string& each : *answer) all += (all.empty() ? "" : " ") + each;
        return all;
    }
    std::string write(const std::string& name, const std::string& text) {
        test::write_file(here / name, text);
        return here / name;
    }
};

/// Faults as an administrator would read them, a line each.
inline std::string shown(const std::vector<fault>& all) {
    std::string text;
    for (const fault& one : all) {
        text += (text.empty() ? "" : "\n") + std::to_string(one.line) + ": " + (one.warning ? "warning: " : "") +
                one.text + (one.hint.empty() ? "" : "; " + one.hint);
    }
    return text;
}

}  // namespace waypost::table
