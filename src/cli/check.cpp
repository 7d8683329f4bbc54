#include <iostream>

#include "commands.hpp"

namespace waypost::cli {

int check(const configuration& from) {
    async::thread_pool io(1);
    if (!load_or_complain(from, io, false)) return 1;
    std::cout << "configuration OK\n";
    return 0;
}

int print_config(const configuration& from) {
    const config::parsed parsed = config::parse_file(from.path(), from.macros());
    bool usable = true;
    for (const config::diagnostic& fault : parsed.faults) {
        std::cerr << config::to_string(fault) << '\n';
        if (!fault.warning) usable = false;
    }
    if (!usable) return 1;
    std::cout << config::print(parsed.model);
    return 0;
}

}  // namespace waypost::cli
