// The directives: the word that begins a line, and what reads the rest of it. Settings of a word or two are read here,
// the rest in a file of their own.
#include <algorithm>

#include "grammar.hpp"
#include "options.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::config {
namespace {

constexpr std::size_t most_warnings = 4;  // as OpenSMTPD

using reader = void (*)(grammar&, const token&);

void read_jitter(cursor& at, model& to, const token&) {
    constexpr std::uint64_t most_percent = 50;
    const token& one = at.peek();
    const written text = at.take_string("a percentage");
    std::string_view digits = text.text;
    const bool is_percentage = digits.ends_with('%');
    if (is_percentage) digits.remove_suffix(1);
    const auto number = base::parse_number(digits);
    if (!is_percentage || !number || *number > most_percent)
        at.leave(one, at.show(one) + " is no percentage", "write one from 0% to 50%, as in 10%");
    to.retry.jitter_percent = static_cast<unsigned>(*number);
}

constexpr option<model> retry_options[] = {
    {"base", [](cursor& at, model& to, const token&) { to.retry.base = at.take_delay("a time"); }},
    {"jitter", &read_jitter},
    {"local-base", [](cursor& at, model& to, const token&) { to.retry.local_base = at.take_delay("a time"); }},
    {"max", [](cursor& at, model& to, const token&) { to.retry.longest = at.take_delay("a time"); }},
};

void read_retry(cursor& at, model& to, const token&) {
    if (at.at_line_end()) at.leave_unexpected(at.peek(), "a setting of \"queue retry\"");
    read_options<model>(at, to, retry_options, "setting of \"queue retry\"");
}

constexpr option<model> queue_options[] = {
    {"compression"},
    {"encryption"},
    {"path", [](cursor& at, model& to, const token&) { to.queue_path = at.take_string("a directory"); }},
    {"reserve", [](cursor& at, model& to, const token&) { to.queue_reserve = at.take_size("a size"); }},
    {"retry", &read_retry},
    {"ttl", [](cursor& at, model& to, const token&) { to.queue_ttl = at.take_delay("a time"); }},
};

constexpr std::uint64_t most = 1'000'000;

constexpr option<model> limit_options[] = {
    {"max-content-memory",
     [](cursor& at, model& to, const token&) { to.limits.content_memory = at.take_size("a size"); }},
    {"max-envelopes", [](cursor& at, model& to,
                         const token&) { to.limits.max_envelopes = at.take_number("a number of envelopes", 1, most); }},
    {"max-errors",
     [](cursor& at, model& to, const token&) { to.limits.max_errors = at.take_number("a number of errors", 1, most); }},
    {"max-line",
     [](cursor& at, model& to, const token&) { to.limits.max_line = at.take_number("a number of octets", 998, most); }},
    {"max-mails", [](cursor& at, model& to,
                     const token&) { to.limits.max_mails = at.take_number("a number of messages", 1, most); }},
    {"max-rcpt", [](cursor& at, model& to,
                    const token&) { to.limits.max_recipients = at.take_number("a number of recipients", 1, most); }},
    {"max-received", [](cursor& at, model& to,
                        const token&) { to.limits.max_received = at.take_number("a number of fields", 1, most); }},
    {"max-sessions", [](cursor& at, model& to,
                        const token&) { to.limits.max_sessions = at.take_number("a number of sessions", 1, most); }},
    {"max-sessions-per-address",
     [](cursor& at, model& to, const token&) {
         to.limits.max_sessions_of_client = at.take_number("a number of sessions", 1, most);
     }},
    {"max-sessions-per-network",
     [](cursor& at, model& to, const token&) {
         to.limits.max_sessions_of_network = at.take_number("a number of sessions", 1, most);
     }},
    {"min-rate", [](cursor& at, model& to,
                    const token&) { to.limits.min_rate = at.take_number("a number of octets a second", 0, most); }},
};

constexpr option<model> timeout_options[] = {
    {"command", [](cursor& at, model& to, const token&) { to.limits.command = at.take_delay("a time"); }},
    {"content", [](cursor& at, model& to, const token&) { to.limits.content = at.take_delay("a time"); }},
    {"handshake", [](cursor& at, model& to, const token&) { to.limits.handshake = at.take_delay("a time"); }},
    {"session", [](cursor& at, model& to, const token&) { to.limits.session = at.take_delay("a time"); }},
};

void read_smtp_limit(cursor& at, model& to, const token&) {
    read_listing<model>(at, to, limit_options, "limit of \"smtp\"");
}

void read_smtp_timeout(cursor& at, model& to, const token&) {
    read_options<model>(at, to, timeout_options, "timeout of \"smtp\"");
}

void read_message_size(cursor& at, model& to, const token&) { to.max_message_size = at.take_size("a size"); }

void read_tag_delimiter(cursor& at, model& to, const token&) {
    const token& given = at.peek();
    const written one = at.take_string("a character");
    // What an address has outside quotes, and no letter or digit: half the names would have a tag.
    constexpr std::string_view good = "!#$%&'*+-=?^_`{|}~.";
    if (one.text.size() != 1 || good.find(one.text.front()) == std::string_view::npos)
        at.leave(given, at.show(given) + " cannot stand between a user and his tag",
                 "write one character, as in \"+\" or \"-\"");
    to.tag_delimiter = one.text.front();
}

constexpr option<model> smtp_options[] = {
    {"ciphers"},
    {"limit", &read_smtp_limit},
    {"max-message-size", &read_message_size},
    {"sub-addr-delim", &read_tag_delimiter},
    {"timeout", &read_smtp_timeout},
};

/// A directive of the form `WORD OPTION VALUE`, with at least one option.
template <std::size_t N>
void read_settings(grammar& g, const token& word, const option<model> (&known)[N]) {
    const std::string kind = "setting of \"" + word.text + "\"";
    if (g.at.at_line_end()) g.at.leave_unexpected(g.at.peek(), "a " + kind);
    read_options<model>(g.at, g.what, known, kind);
}

void read_bounce(grammar& g, const token&) {
    g.at.expect_word("warn-interval", "bounce warn-interval 4h");
    std::vector<std::chrono::seconds> times;
    do {
        const token& one = g.at.peek();
        times.push_back(g.at.take_delay("a time"));
        if (times.size() > most_warnings) g.at.leave(one, "more than four warnings", "remove " + g.at.show(one));
    } while (g.at.skip_mark(','));
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    g.what.warn_intervals = std::move(times);
}

void read_resolver(grammar& g, const token&) {
    g.what.resolvers.clear();
    do {
        g.what.resolvers.push_back(g.at.take_string("the address of a DNS server"));
    } while (g.at.skip_mark(','));
}

void read_log(grammar& g, const token&) {
    g.at.expect_word("format", "log format text or log format json");
    const token& which = g.at.peek();
    if (g.at.skip_word("text")) {
        g.what.log = log_format::text;
    } else if (g.at.skip_word("json")) {
        g.what.log = log_format::json;
    } else if (which.is == token::kind::word) {
        g.at.leave_unknown(which, "log format", {"text", "json"});
    } else {
        g.at.leave_unexpected(which, "\"text\" or \"json\"");
    }
}

struct directive {
    std::string_view word;
    reader read = nullptr;  // null: not built yet
};

constexpr directive directives[] = {
    {"accept", &read_legacy_rule},
    {"action", &read_action},
    {"admd"},
    {"admin"},
    {"bounce", &read_bounce},
    {"ca", &read_ca},
    {"expire", [](grammar& g, const token&) { g.what.queue_ttl = g.at.take_delay("a time"); }},
    {"filter"},
    {"hostname", [](grammar& g, const token&) { g.what.hostname = take_domain(g.at, "a host name"); }},
    {"limit"},  // mta and session, of 2013 to 2017
    {"listen", &read_listen},
    {"log", &read_log},
    {"map"},  // what tables were until November 2012
    {"match", &read_match},
    {"max-message-size", [](grammar& g, const token& word) { read_message_size(g.at, g.what, word); }},
    {"mda", &read_mda},
    {"mta", &read_mta},
    {"pki", &read_pki},
    {"proc"},
    {"queue", [](grammar& g, const token& word) { read_settings(g, word, queue_options); }},
    {"reject", &read_legacy_rule},
    {"resolver", &read_resolver},
    {"scheduler"},
    {"smtp", [](grammar& g, const token& word) { read_settings(g, word, smtp_options); }},
    {"srs", &read_srs},
    {"table", &read_table},
};

}  // namespace

void read_directive(grammar& g) {
    const token word = g.at.take();
    if (word.is != token::kind::word) g.at.leave_unexpected(word, "a directive");
    for (const directive& one : directives) {
        if (one.word != word.text) continue;
        if (one.read == nullptr) g.at.leave_not_built(word, one.word);
        one.read(g, word);
        if (!g.at.at_line_end()) g.at.leave_unexpected(g.at.peek(), "the end of the line");
        return;
    }
    std::vector<std::string_view> known{"include"};
    for (const directive& one : directives) known.push_back(one.word);
    g.at.leave_unknown(word, "directive", known);
}

}  // namespace waypost::config
