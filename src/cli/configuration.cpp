#include <cstdlib>
#include <iostream>

#include "commands.hpp"

namespace waypost::cli {

std::string configuration::path() const {
    if (!file.empty()) return file;
    const char* elsewhere = std::getenv("WAYPOST_CONFIG");
    return elsewhere != nullptr ? elsewhere : "/etc/waypost/smtpd.conf";
}

config::macros configuration::macros() const {
    config::macros given;
    for (const std::string& define : defines) {
        const std::size_t equals = define.find('=');
        if (equals == std::string::npos) {
            given[define] = "";
        } else {
            given[define.substr(0, equals)] = define.substr(equals + 1);
        }
    }
    return given;
}

std::shared_ptr<config::generation> load_or_complain(const configuration& from, async::thread_pool& io,
                                                     bool for_serving) {
    const config::parsed parsed = config::parse_file(from.path(), from.macros());
    bool usable = true;
    const auto complain = [&](const std::vector<config::diagnostic>& faults) {
        for (const config::diagnostic& fault : faults) {
            std::cerr << config::to_string(fault) << '\n';
            if (!fault.warning) usable = false;
        }
    };
    complain(parsed.faults);
    if (!usable) return nullptr;
    config::load_result result = config::load(parsed.model, io, for_serving);
    complain(result.faults);
    return usable ? std::move(result.settings) : nullptr;
}

}  // namespace waypost::cli
