// The subcommands. Each takes what its options gave and answers with the exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "waypost/config/load/load.hpp"

namespace waypost::cli {

/// Where the configuration is, as every command takes it.
struct configuration {
    std::string file;                  // -f; empty: the default
    std::vector<std::string> defines;  // -D name=value

    /// The file to read: -f, or the default one.
    [[nodiscard]] std::string path() const;
    [[nodiscard]] config::macros macros() const;
};

/// The settings, or nothing after the faults were printed to standard error.
[[nodiscard]] std::shared_ptr<config::generation> load_or_complain(const configuration& from, async::thread_pool& io,
                                                                   bool for_serving);

/// What the administrator says about a client and its mail; the rest follows from the listeners.
struct question {
    std::string from_ip;  // empty: a program on this machine
    std::string user;     // empty: not authenticated
    std::optional<std::string> helo;
    std::optional<bool> tls;
    std::optional<std::string> tag;
    std::string listener;  // ADDRESS:PORT, PORT or "socket"; empty: the one that fits
    std::string sender;
    std::string recipient;
};

struct mx_question {
    std::string domain;
    std::string resolver;  // ADDR[:PORT]; empty: the configuration's
    bool json = false;
};

int serve(const configuration& from, bool verbose);
int check(const configuration& from);
int print_config(const configuration& from);
int explain(const configuration& from, const question& question);
/// The MX hosts of a domain, with the time that each took to answer.
int dns_mx(const configuration& from, const mx_question& asked);
/// `words` are three: TABLE SERVICE KEY, or fetch TABLE SERVICE.
int lookup(const configuration& from, const std::vector<std::string>& words);
/// `kind` is routes, relays or hosts.
int show(const configuration& from, const std::string& kind, bool as_json);
int resume_route(const configuration& from, std::uint64_t id);
int update_table(const configuration& from, const std::string& name);
int encrypt(const std::optional<std::string>& password);
/// As sendmail(8); `arguments` without the program's name.
int sendmail(const std::vector<std::string>& arguments);
/// As newaliases(1), which programs run after they have changed an alias.
int newaliases();

}  // namespace waypost::cli
