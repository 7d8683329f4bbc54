// Configurations loaded, for the tests of load().
#pragma once

#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <string>

#include "config/texts.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/config/load/load.hpp"

namespace waypost::config {

/// Where the tables of a loaded configuration are asked: a loop that outlives the workers, who hand their answers back
/// to it and may still be about that when the one who asked has gone on.
struct test_threads {
    boost::asio::io_context loop;
    async::thread_pool io{1};
};

inline test_threads& threads() {
    static test_threads both;
    return both;
}

/// Who may deliver as anybody: whoever runs the tests, the faults are the same.
inline const identity root{.uid = 0, .name = "root"};

inline load_result load_text(const std::string& text, bool for_serving = false, const identity& identity = root) {
    return load(model_of(text), threads().io, for_serving, identity);
}

/// Faults and warnings of load() alone, a line each.
inline std::string load_faults(const std::string& text, const identity& identity = root) {
    std::string all;
    for (const diagnostic& one : load_text(text, false, identity).faults)
        all += (all.empty() ? "" : "\n") + to_string(one);
    return all;
}

/// The settings; what keeps them from being shows in the exception.
inline generation settings_of(const std::string& text) {
    load_result result = load_text(text);
    if (!result.settings) throw std::runtime_error(load_faults(text));
    return std::move(*result.settings);
}

/// A rule, so that a text about something else has no fault for want of it.
inline const std::string a_rule = "action \"any\" maildir\nmatch for any action \"any\"\n";

}  // namespace waypost::config
