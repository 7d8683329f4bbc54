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

void read_jitter(cursor& cursor, model& model, const token&) {
    constexpr std::uint64_t most_percent = 50;
    const token& one = cursor.peek();
    const located_string text = cursor.take_string("a percentage");
    std::string_view digits = text.text;
    const bool is_percentage = digits.ends_with('%');
    if (is_percentage) digits.remove_suffix(1);
    const auto number = base::parse_number(digits);
    if (!is_percentage || !number || *number > most_percent)
        cursor.fail(one, cursor.show(one) + " is no percentage", "write one from 0% to 50%, as in 10%");
    model.retry.jitter_percent = static_cast<unsigned>(*number);
}

constexpr option<model> retry_options[] = {
    {"base", [](cursor& cursor, model& model, const token&) { model.retry.base = cursor.take_delay("a time"); }},
    {"jitter", &read_jitter},
    {"local-base",
     [](cursor& cursor, model& model, const token&) { model.retry.local_base = cursor.take_delay("a time"); }},
    {"max", [](cursor& cursor, model& model, const token&) { model.retry.longest = cursor.take_delay("a time"); }},
};

void read_retry(cursor& cursor, model& to, const token&) {
    if (cursor.at_line_end()) cursor.fail_unexpected(cursor.peek(), "a setting of \"queue retry\"");
    read_options<model>(cursor, to, retry_options, "setting of \"queue retry\"");
}

constexpr option<model> queue_options[] = {
    {"compression"},
    {"encryption"},
    {"path", [](cursor& cursor, model& model, const token&) { model.queue_path = cursor.take_string("a directory"); }},
    {"reserve", [](cursor& cursor, model& model, const token&) { model.queue_reserve = cursor.take_size("a size"); }},
    {"retry", &read_retry},
    {"ttl", [](cursor& cursor, model& model, const token&) { model.queue_ttl = cursor.take_delay("a time"); }},
};

constexpr std::uint64_t most = 1'000'000;

constexpr option<model> limit_options[] = {
    {"max-content-memory",
     [](cursor& cursor, model& model, const token&) { model.limits.content_memory = cursor.take_size("a size"); }},
    {"max-envelopes",
     [](cursor& cursor, model& model, const token&) {
         model.limits.max_envelopes = cursor.take_number("a number of envelopes", 1, most);
     }},
    {"max-errors", [](cursor& cursor, model& model,
                      const token&) { model.limits.max_errors = cursor.take_number("a number of errors", 1, most); }},
    {"max-line", [](cursor& cursor, model& model,
                    const token&) { model.limits.max_line = cursor.take_number("a number of octets", 998, most); }},
    {"max-mails", [](cursor& cursor, model& model,
                     const token&) { model.limits.max_mails = cursor.take_number("a number of messages", 1, most); }},
    {"max-rcpt",
     [](cursor& cursor, model& model, const token&) {
         model.limits.max_recipients = cursor.take_number("a number of recipients", 1, most);
     }},
    {"max-received",
     [](cursor& cursor, model& model, const token&) {
         model.limits.max_received = cursor.take_number("a number of fields", 1, most);
     }},
    {"max-sessions",
     [](cursor& cursor, model& model, const token&) {
         model.limits.max_sessions = cursor.take_number("a number of sessions", 1, most);
     }},
    {"max-sessions-per-address",
     [](cursor& cursor, model& model, const token&) {
         model.limits.max_sessions_of_client = cursor.take_number("a number of sessions", 1, most);
     }},
    {"max-sessions-per-network",
     [](cursor& cursor, model& model, const token&) {
         model.limits.max_sessions_of_network = cursor.take_number("a number of sessions", 1, most);
     }},
    {"min-rate",
     [](cursor& cursor, model& model, const token&) {
         model.limits.min_rate = cursor.take_number("a number of octets a second", 0, most);
     }},
};

constexpr option<model> timeout_options[] = {
    {"command", [](cursor& cursor, model& model, const token&) { model.limits.command = cursor.take_delay("a time"); }},
    {"content", [](cursor& cursor, model& model, const token&) { model.limits.content = cursor.take_delay("a time"); }},
    {"handshake",
     [](cursor& cursor, model& model, const token&) { model.limits.handshake = cursor.take_delay("a time"); }},
    {"session", [](cursor& cursor, model& model, const token&) { model.limits.session = cursor.take_delay("a time"); }},
};

void read_smtp_limit(cursor& cursor, model& to, const token&) {
    read_listing<model>(cursor, to, limit_options, "limit of \"smtp\"");
}

void read_smtp_timeout(cursor& cursor, model& to, const token&) {
    read_options<model>(cursor, to, timeout_options, "timeout of \"smtp\"");
}

void read_message_size(cursor& cursor, model& model, const token&) {
    model.max_message_size = cursor.take_size("a size");
}

void read_tag_delimiter(cursor& cursor, model& model, const token&) {
    const token& given = cursor.peek();
    const located_string one = cursor.take_string("a character");
    // What an address has outside quotes, and no letter or digit: half the names would have a tag.
    constexpr std::string_view good = "!#$%&'*+-=?^_`{|}~.";
    if (one.text.size() != 1 || good.find(one.text.front()) == std::string_view::npos)
        cursor.fail(given, cursor.show(given) + " cannot stand between a user and his tag",
                    "write one character, as in \"+\" or \"-\"");
    model.tag_delimiter = one.text.front();
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
void read_settings(grammar& g, const token& word, const option<model> (&options)[N]) {
    const std::string kind = "setting of \"" + word.text + "\"";
    if (g.cursor.at_line_end()) g.cursor.fail_unexpected(g.cursor.peek(), "a " + kind);
    read_options<model>(g.cursor, g.model, options, kind);
}

void read_bounce(grammar& g, const token&) {
    g.cursor.expect_word("warn-interval", "bounce warn-interval 4h");
    std::vector<std::chrono::seconds> times;
    do {
        const token& one = g.cursor.peek();
        times.push_back(g.cursor.take_delay("a time"));
        if (times.size() > most_warnings) g.cursor.fail(one, "more than four warnings", "remove " + g.cursor.show(one));
    } while (g.cursor.skip_mark(','));
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    g.model.warn_intervals = std::move(times);
}

void read_resolver(grammar& g, const token&) {
    g.model.resolvers.clear();
    do {
        g.model.resolvers.push_back(g.cursor.take_string("the address of a DNS server"));
    } while (g.cursor.skip_mark(','));
}

void read_log(grammar& g, const token&) {
    g.cursor.expect_word("format", "log format text or log format json");
    const token& which = g.cursor.peek();
    if (g.cursor.skip_word("text")) {
        g.model.log = log_format::text;
    } else if (g.cursor.skip_word("json")) {
        g.model.log = log_format::json;
    } else if (which.is == token::kind::word) {
        g.cursor.fail_unknown(which, "log format", {"text", "json"});
    } else {
        g.cursor.fail_unexpected(which, "\"text\" or \"json\"");
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
    {"expire", [](grammar& g, const token&) { g.model.queue_ttl = g.cursor.take_delay("a time"); }},
    {"filter"},
    {"hostname", [](grammar& g, const token&) { g.model.hostname = take_domain(g.cursor, "a host name"); }},
    {"limit"},  // mta and session, of 2013 to 2017
    {"listen", &read_listen},
    {"log", &read_log},
    {"map"},  // what tables were until November 2012
    {"match", &read_match},
    {"max-message-size", [](grammar& g, const token& word) { read_message_size(g.cursor, g.model, word); }},
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
    const token word = g.cursor.take();
    if (word.is != token::kind::word) g.cursor.fail_unexpected(word, "a directive");
    for (const directive& one : directives) {
        if (one.word != word.text) continue;
        if (one.read == nullptr) g.cursor.fail_not_built(word, one.word);
        one.read(g, word);
        if (!g.cursor.at_line_end()) g.cursor.fail_unexpected(g.cursor.peek(), "the end of the line");
        return;
    }
    std::vector<std::string_view> known{"include"};
    for (const directive& one : directives) known.push_back(one.word);
    g.cursor.fail_unknown(word, "directive", known);
}

}  // namespace waypost::config
