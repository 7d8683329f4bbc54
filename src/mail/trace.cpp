#include "waypost/mail/trace.hpp"

#include <array>

#include "waypost/base/ascii.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::mail {
namespace {

using std::chrono::system_clock;

// A domain name has at most 255 octets, and three of the longest parts still fit in a line of 998.
constexpr std::size_t max_part = 255;

constexpr std::array<bool, 256> harmless = [] {
    std::array<bool, 256> is{};
    for (unsigned char c = '!'; c <= '~'; ++c) {
        is[c] = std::string_view("()<>,;\\\"").find(static_cast<char>(c)) == std::string_view::npos;
    }
    return is;
}();

/// Appends bytes from outside so that they stay the one word they ought to be: what could end it, open a comment or
/// fold the line becomes "?". Escapes would be longer and no clearer to the programs that read Received fields.
void append_word(std::string& text, std::string_view word, std::string_view if_empty) {
    if (word.empty()) word = if_empty;
    for (const char c : word.substr(0, max_part)) text += harmless[static_cast<unsigned char>(c)] ? c : '?';
}

/// TCP-info's address-literal; the tag "IPv6:" and the brackets are set if the caller did not.
void append_literal(std::string& text, std::string_view address) {
    if (address.starts_with('[')) address.remove_prefix(1);
    if (address.ends_with(']')) address.remove_suffix(1);
    text += '[';
    if (address.find(':') != std::string_view::npos && !base::istarts_with(address, "IPv6:")) text += "IPv6:";
    append_word(text, address, "unknown");
    text += ']';
}

void append_two_digits(std::string& text, unsigned number) {
    text += static_cast<char>('0' + number / 10 % 10);
    text += static_cast<char>('0' + number % 10);
}

void append_date(std::string& text, system_clock::time_point at) {
    using namespace std::chrono;
    constexpr std::array weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto second = floor<seconds>(at);
    const auto day = floor<days>(second);
    const year_month_day date{day};
    const hh_mm_ss time{second - day};
    // The nanoseconds of a time_point reach from 1677 to 2262, so a year has four digits.
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

    text += weekdays[weekday{day}.c_encoding()];
    text += ", ";
    append_two_digits(text, static_cast<unsigned>(date.day()));
    text += ' ';
    text += months[static_cast<unsigned>(date.month()) - 1];
    text += ' ';
    append_two_digits(text, year / 100);
    append_two_digits(text, year % 100);
    text += ' ';
    append_two_digits(text, static_cast<unsigned>(time.hours().count()));
    text += ':';
    append_two_digits(text, static_cast<unsigned>(time.minutes().count()));
    text += ':';
    append_two_digits(text, static_cast<unsigned>(time.seconds().count()));
    text += " +0000";
}

constexpr std::string_view fold = "\r\n\t";

/// Who sent it: what it calls itself, its confirmed name and its address.
void append_client(std::string& text, const received& hop) {
    text += "from ";
    append_word(text, hop.helo, "unknown");
    text += " (";
    if (hop.rdns.empty()) {
        text += "<unknown>";
    } else {
        append_word(text, hop.rdns, "");
    }
    text += ' ';
    append_literal(text, hop.address);
    text += ')';
    text += fold;
}

}  // namespace

// Time-stamp-line = "Received:" FWS [From-domain] By-domain Opt-info [CFWS] ";" FWS date-time CRLF
// What RFC 5321 section 4.4 has no clause for, TLS and the user name, is in comments. Without an address the from
// clause is left out, as OpenSMTPD does with mask-src: half of it would tell who asked to be hidden.
std::string format_received(const received& hop) {
    std::string text;
    text.reserve(512);
    text += "Received: ";
    if (!hop.address.empty()) append_client(text, hop);
    text += "by ";
    append_word(text, hop.host, "localhost");
    text += " (waypost";
    if (hop.uid) text += ", from userid " + std::to_string(*hop.uid);
    text += ") with ";
    append_word(text, hop.protocol, "SMTP");
    text += " id ";
    append_word(text, hop.id, "unknown");
    if (!hop.tls.empty()) {
        text += fold;
        text += '(';
        append_word(text, hop.tls, "");
        text += ')';
    }
    if (!hop.authenticated.empty()) {
        text += fold;
        text += "(auth=yes user=";
        append_word(text, hop.authenticated, "");
        text += ')';
    }
    // The one part whose own quoting matters, so it is shown as it is or not at all.
    if (!hop.only_recipient.empty() && mailbox::parse(hop.only_recipient)) {
        text += fold;
        text += "for <";
        text += hop.only_recipient;
        text += '>';
    }
    text += ';';
    text += fold;
    append_date(text, hop.time);
    text += "\r\n";
    return text;
}

std::string format_date(system_clock::time_point time) {
    std::string text;
    text.reserve(31);
    append_date(text, time);
    return text;
}

void hop_counter::feed(std::string_view piece) {
    constexpr std::size_t enough = std::string_view("delivered-to:").size();
    while (in_header_ && !piece.empty()) {
        if (!line_judged_) {
            const std::string_view more = piece.substr(0, enough - start_of_line_.size());
            const std::size_t end = more.find('\n');
            start_of_line_ += more.substr(0, end);
            if (end == std::string_view::npos && start_of_line_.size() < enough) return;
            judge_line();
        }
        const std::size_t end = piece.find('\n');
        if (end == std::string_view::npos) return;
        piece.remove_prefix(end + 1);
        start_of_line_.clear();
        line_judged_ = false;
    }
}

void hop_counter::judge_line() {
    line_judged_ = true;
    if (start_of_line_.empty() || start_of_line_ == "\r") in_header_ = false;
    if (base::istarts_with(start_of_line_, "received:") || base::iequals(start_of_line_, "delivered-to:")) ++hops_;
}

}  // namespace waypost::mail
