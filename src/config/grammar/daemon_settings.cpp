// The directives that set something for the daemon as a whole.
#include "settings.hpp"

namespace waypost::config {
namespace {

void read_resolvers(cursor& cursor, model& model, const token&) {
    model.resolvers.clear();
    do {
        model.resolvers.push_back(cursor.take_string("the address of a DNS server"));
    } while (cursor.skip_mark(','));
}

void print_resolvers(const model& model, const config::model&, std::vector<std::string>& pieces) {
    std::string servers;
    for (const located_string& one : model.resolvers) servers += (servers.empty() ? "" : ", ") + plain(one.text);
    if (!servers.empty()) pieces.push_back("resolver " + servers);
}

void read_log(cursor& cursor, model& model, const token&) {
    cursor.expect_word("format", "log format text or log format json");
    const token& given = cursor.peek();
    if (cursor.skip_word("text")) {
        model.log_format = observe::log_format::text;
    } else if (cursor.skip_word("json")) {
        model.log_format = observe::log_format::json;
    } else if (given.is == token::kind::word) {
        cursor.fail_unknown(given, "log format", {"text", "json"});
    } else {
        cursor.fail_unexpected(given, "\"text\" or \"json\"");
    }
}

void print_log(const model& model, const config::model&, std::vector<std::string>& pieces) {
    if (!model.log_format) return;
    pieces.emplace_back(*model.log_format == observe::log_format::json ? "log format json" : "log format text");
}

}  // namespace

std::span<const option<model>> daemon_settings() {
    static const option<model> options[] = {
        {"hostname", setting{field<&model::hostname>, domain_name()},
         "the name of this host in greetings and reports; by default the system's"},
        {"queue", group{queue_settings(), "setting of \"queue\"", layout::lines}, "mail that waits"},
        {"bounce", custom{&read_warn_intervals, &print_warn_intervals, "warn-interval TIME, ..."},
         "how long mail has waited when its sender is told; up to four times"},
        {"smtp", group{smtp_settings(), "setting of \"smtp\"", layout::lines}, "mail that comes in"},
        {"mta", group{mta_settings(), "setting of \"mta\"", layout::single}, "mail that goes out"},
        {"mda", group{mda_settings(), "setting of \"mda\"", layout::single}, "mail that is delivered here"},
        {"srs", custom{&read_srs, &print_srs, "what is below"}, "rewritten senders of forwarded mail"},
        {"resolver", custom{&read_resolvers, &print_resolvers, "ADDRESS[:PORT], ..."},
         "DNS servers; by default those of /etc/resolv.conf"},
        {"log", custom{&read_log, &print_log, "format text|json"}, "by default text on a terminal, and JSON elsewhere"},
        // Of 2012.
        {"expire", setting{field<&model::queue, &queue::settings::ttl>, time_span()}},
        {"max-message-size", setting{field<&model::session, &smtp::server_limits::max_message_size>, octets()}},
    };
    return options;
}

}  // namespace waypost::config
