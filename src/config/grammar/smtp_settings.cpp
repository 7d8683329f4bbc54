// smtp max-message-size SIZE | limit ... | timeout ... | sub-addr-delim CHARACTER
#include "settings.hpp"

namespace waypost::config {
namespace {

using inbound_settings = inbound::settings;
using time_limits = inbound::time_limits;
using smtp::server_limits;

template <auto Member>
constexpr auto in_session = field<&model::session, Member>;
template <auto... Members>
constexpr auto in_inbound = field<&model::inbound, Members...>;
template <auto Member>
constexpr auto in_times = in_inbound<&inbound_settings::times, Member>;

constexpr option<model> limit_options[] = {
    {"max-rcpt", setting{in_session<&server_limits::max_recipients>, count{"a number of recipients"}},
     "recipients of a message", printing::always},
    {"max-mails", setting{in_session<&server_limits::max_transactions>, count{"a number of messages"}},
     "messages of a session; by default any number"},
    {"max-errors", setting{in_session<&server_limits::max_errors>, count{"a number of errors"}},
     "commands of a session that are refused, before it is ended"},
    {"max-sessions", setting{in_inbound<&inbound_settings::max_sessions>, count{"a number of sessions"}},
     "sessions at a time, and at most half of the files that the daemon may open"},
    {"max-sessions-per-address",
     setting{in_inbound<&inbound_settings::max_sessions_of_client>, count{"a number of sessions"}},
     "sessions at a time of an IPv4 address or an IPv6 /64"},
    {"max-sessions-per-network",
     setting{in_inbound<&inbound_settings::max_sessions_of_network>, count{"a number of sessions"}},
     "sessions at a time of an IPv4 /24 or an IPv6 /48"},
    {"max-envelopes", setting{in_inbound<&inbound_settings::max_envelopes>, count{"a number of envelopes"}},
     "recipients of a message once aliases are expanded"},
    {"max-content-memory", setting{in_inbound<&inbound_settings::content_memory>, octets()},
     "memory for all messages that are being received; beyond it they are written to files early"},
    {"min-rate", setting{in_inbound<&inbound_settings::min_rate>, count{"a number of octets a second", 0}},
     "octets of content a second that a client must send, after ten minutes; 0: no limit"},
    {"max-line", setting{in_inbound<&inbound_settings::longest_line>, count{"a number of octets", 998}},
     "octets of a line of content"},
    {"max-received", setting{in_inbound<&inbound_settings::max_received_fields>, count{"a number of fields"}},
     "Received fields of a message; one with more is in a loop"},
};

constexpr option<model> timeout_options[] = {
    {"command", setting{in_times<&time_limits::command>, time_span()}, "waiting for a command"},
    {"content", setting{in_times<&time_limits::content>, time_span()}, "waiting for more of a message"},
    {"handshake", setting{in_times<&time_limits::handshake>, time_span()}, "the TLS handshake"},
    {"session", setting{in_times<&time_limits::session>, time_span()}, "a session without a message that was accepted"},
};

void read_delimiter(cursor& cursor, model& model, const token&) {
    const token& given = cursor.peek();
    const located_string one = cursor.take_string("a character");
    // What an address has outside quotes, and no letter or digit: half the names would have a tag.
    constexpr std::string_view good = "!#$%&'*+-=?^_`{|}~.";
    if (one.text.size() != 1 || good.find(one.text.front()) == std::string_view::npos) {
        cursor.fail(given, cursor.show(given) + " cannot stand between a user and his tag",
                    "write one character, as in \"+\" or \"-\"");
    }
    model.delivery.tag_delimiter = one.text.front();
}

void print_delimiter(const model& model, const config::model& usual, std::vector<std::string>& pieces) {
    const char delimiter = model.delivery.tag_delimiter;
    if (delimiter != usual.delivery.tag_delimiter)
        pieces.push_back("sub-addr-delim " + in_quotes(std::string(1, delimiter)));
}

constexpr option<model> smtp_options[] = {
    {"max-message-size", setting{in_session<&server_limits::max_message_size>, octets()},
     "the largest message that is accepted", printing::always},
    {"limit", group{limit_options, "limit of \"smtp\"", layout::listing}, "what clients may cost"},
    {"timeout", group{timeout_options, "timeout of \"smtp\""}, "how long clients are waited for"},
    {"sub-addr-delim", custom{&read_delimiter, &print_delimiter, "CHARACTER"},
     "stands between a user's name and its extension, as in user+extension@domain"},
    {"ciphers"},
};

}  // namespace

std::span<const option<model>> smtp_settings() { return smtp_options; }

}  // namespace waypost::config
