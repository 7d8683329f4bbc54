#include "waypost/smtp/server_session.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include "waypost/base/ascii.hpp"

namespace waypost::smtp {

namespace {

// RFC 5321 4.5.3.1.2 says 255 of a domain; an address literal or a careless client needs no more.
constexpr std::size_t longest_helo = 255;

// A browser that was tricked into speaking to us, or a proxy: what follows is not for us, and may be an attack on our
// users' sessions (cross-protocol, "ALPACA"), so not one more of its lines is read.
bool is_http(const command& line) noexcept {
    static constexpr std::string_view verbs[] = {"GET",     "POST",  "HEAD",  "PUT",    "CONNECT",
                                                 "OPTIONS", "PATCH", "TRACE", "DELETE", "PRI"};
    return std::ranges::find(verbs, line.name) != std::end(verbs);
}

// RFC 3030: its content comes right behind it, whatever we say. (BURL and the like wait for no content.)
bool is_chunk(const command& line) noexcept { return base::iequals(line.name, "BDAT"); }

// Words that a log may show though they are no commands here: those of other protocols and extensions.
constexpr std::string_view known_words[] = {"GET",    "POST", "HEAD", "PUT",  "CONNECT", "OPTIONS",  "PATCH",  "TRACE",
                                            "DELETE", "PRI",  "BDAT", "LHLO", "TURN",    "ETRN",     "ATRN",   "SEND",
                                            "SOML",   "SAML", "BURL", "VERB", "XCLIENT", "XFORWARD", "XEXCH50"};
constexpr std::string_view known_mechanisms[] = {"PLAIN",       "LOGIN",         "CRAM-MD5", "DIGEST-MD5",
                                                 "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2",  "OAUTHBEARER",
                                                 "NTLM",        "GSSAPI",        "EXTERNAL", "ANONYMOUS"};

std::string_view known(std::string_view word, std::span<const std::string_view> words) noexcept {
    const auto place = std::ranges::find_if(words, [&](std::string_view text) { return base::iequals(text, word); });
    return place == words.end() ? std::string_view() : *place;
}

std::string length_of(std::string_view line) { return std::to_string(line.size()) + " octets"; }

bool is_address_or_host(std::string_view text) {
    if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
    return mail::domain::parse(text) || mail::mailbox::parse(text);
}

/// A command with its argument where that is what it should be. Anything else may be what a client sends out of step, a
/// password too.
std::string shown(const command& line, bool is_argument_known) {
    if (line.argument.empty()) return base::printable(line.name);
    if (is_argument_known) return base::printable(std::string(line.name) + " " + std::string(line.argument), 80);
    return base::printable(line.name) + " (" + length_of(line.argument) + ")";
}

bool has_controls(std::string_view text) noexcept { return std::ranges::any_of(text, base::is_control); }

/// A verdict's own words, or the usual ones where it has none.
mail::status worded(const mail::status& status, std::string_view enhanced, std::string_view text) {
    if (!status.is_success() || !status.text().empty()) return status;
    return mail::status::of(status.code(),
                            status.enhanced() == mail::enhanced_code{} ? enhanced : status.enhanced().text(), text);
}

}  // namespace

bool looks_like_tls(std::string_view first_bytes) noexcept { return first_bytes.starts_with("\x16\x03"); }

server_session::server_session(server_settings settings, bool tls_active)
    : settings_(std::move(settings)), tls_active_(tls_active) {}

reply server_session::greeting() const { return {220, settings_.host.text() + " ESMTP waypost"}; }

std::string_view server_session::protocol_name() const noexcept {
    if (!extended_) return "SMTP";
    if (tls_active_) return user_.empty() ? "ESMTPS" : "ESMTPSA";
    return user_.empty() ? "ESMTP" : "ESMTPA";
}

// --- answers

server_step server_session::refuse(int code, std::string_view enhanced, std::string_view text) {
    return answer(mail::status::of(code, enhanced, text));
}

server_step server_session::accept(int code, std::string_view enhanced, std::string_view text) {
    return send_reply{reply(mail::status::of(code, enhanced, text))};
}

server_step server_session::idle(server_step step) {
    ++idle_commands_;
    return step;
}

/// An error is answered with its own words even when it is one too many; it is the next command that gets the 421. So
/// the client learns what became of this one.
server_step server_session::answer(const mail::status& status) {
    if (status.is_permanent()) ++errors_;
    if (status.code() != 421) return send_reply{reply(status)};
    end_transaction();
    return hang_up{reply(status)};
}

// --- input

server_step server_session::on_line(std::string_view line, bool input_follows) {
    if (question_ != question::none || state_ == state::content) {
        throw std::logic_error("server_session: a line while an answer is due");
    }
    const command found = parse_command(line);
    const bool data_was_refused = std::exchange(data_refused_, false);
    input_follows_ = input_follows;
    if (errors_ >= settings_.limits.max_errors) return refuse(421, "4.7.0", "Too many errors");
    if (idle_commands_ > settings_.limits.max_idle_commands)
        return refuse(421, "4.7.0", "Too many commands without mail");
    if (state_ == state::auth) return auth_step(sasl_.on_response(line));
    if (is_http(found) || looks_like_tls(line)) return refuse(421, "4.7.0", "This is an SMTP server");
    if (is_chunk(found)) {
        end_transaction();
        return hang_up{reply(mail::status::of(502, "5.5.1", "BDAT is not available"))};
    }
    // Not always does what follows DATA come with it: the first line of a message is no command.
    if (data_was_refused && found.verb == verb::unknown) return refuse(421, "4.5.0", "A message after a refused DATA");
    server_step next = run(found);
    return found.verb == verb::data ? after_data(std::move(next)) : next;
}

/// RFC 2920 section 3.1: DATA is the last command of a group. A client that sends more before it has the answer sends
/// its message, and where DATA is refused the lines of that, which a stranger may have written, would be commands.
server_step server_session::after_data(server_step next) {
    if (!std::holds_alternative<send_reply>(next) || state_ == state::content) return next;
    data_refused_ = true;
    return input_follows_ ? refuse(421, "4.5.0", "DATA is refused, and there is input behind it") : next;
}

std::string server_session::loggable(std::string_view line) const {
    if (state_ == state::auth) return "(authentication response)";
    const command found = parse_command(line);
    switch (found.verb) {
        case verb::mail: return shown(found, base::istarts_with(found.argument, "FROM:"));
        case verb::rcpt: return shown(found, base::istarts_with(found.argument, "TO:"));
        case verb::ehlo:
        case verb::helo:
        case verb::vrfy:
        case verb::expn: return shown(found, is_address_or_host(found.argument));
        case verb::auth: {
            const auto mechanism = known(parse_command(found.argument).name, known_mechanisms);
            return "AUTH " + std::string(mechanism.empty() ? "(unknown mechanism)" : mechanism);
        }
        case verb::unknown: {
            const std::string word(known(found.name, known_words));
            return word.empty() ? "(unknown command, " + length_of(line) + ")" : word;
        }
        default: return base::printable(found.name);
    }
}

server_step server_session::on_bad_line(bool too_long) {
    if (question_ != question::none || state_ == state::content) {
        throw std::logic_error("server_session: a line while an answer is due");
    }
    const bool data_was_refused = std::exchange(data_refused_, false);
    if (errors_ >= settings_.limits.max_errors) return refuse(421, "4.7.0", "Too many errors");
    // What stands behind a bare LF may be a command that somebody put into another's address: none of it is read.
    if (!too_long) {
        end_transaction();
        return hang_up{reply(mail::status::of(500, "5.5.2", "Lines must end in CRLF"))};
    }
    if (data_was_refused) return refuse(421, "4.5.0", "A message after a refused DATA");
    if (state_ != state::auth) return refuse(500, "5.5.2", "Line too long");
    state_ = state::greeted;
    return refuse(500, "5.5.6", "Authentication exchange line is too long");  // RFC 4954 section 4
}

server_step server_session::run(const command& line) {
    const bool harmless = line.verb == verb::ehlo || line.verb == verb::helo || line.verb == verb::noop ||
                          line.verb == verb::quit || line.verb == verb::starttls || line.verb == verb::rset;
    if (settings_.tls == requirement::required && !tls_active_ && !harmless) {
        return refuse(530, "5.7.0", "Must issue a STARTTLS command first");  // RFC 3207 section 4
    }
    switch (line.verb) {
        case verb::ehlo:
        case verb::helo: return hello(line);
        case verb::mail: return mail_from(line.argument);
        case verb::rcpt: return rcpt_to(line.argument);
        case verb::data: return data(line.argument);
        case verb::rset: return rset(line.argument);
        case verb::starttls: return starttls(line.argument);
        case verb::auth: return auth(line.argument);
        case verb::noop: return idle(accept(250, "2.0.0", "Ok"));
        case verb::help:
            return idle(accept(214, "2.0.0", "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY QUIT STARTTLS AUTH"));
        case verb::vrfy:
            // RFC 5321 section 7.3: who has an account is for nobody to find out
            if (line.argument.empty()) return refuse(501, "5.5.4", "Syntax: VRFY address");
            return idle(accept(252, "2.5.0", "Send some mail, I will try my best"));
        case verb::expn: return refuse(502, "5.5.1", "EXPN is not available");
        case verb::quit: return hang_up{reply(mail::status::of(221, "2.0.0", "Bye"))};
        case verb::unknown: break;
    }
    return refuse(500, "5.5.2", "Command not recognized");
}

// --- greeting

bool server_session::offers_auth() const noexcept {
    return settings_.auth != requirement::no && (tls_active_ || settings_.tls == requirement::no);
}

reply server_session::capabilities() const {
    reply said(250, settings_.host.text());
    said.lines.insert(said.lines.end(), {"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES",
                                         "SIZE " + std::to_string(settings_.limits.max_message_size)});
    if (settings_.dsn) said.lines.emplace_back("DSN");
    if (settings_.tls != requirement::no && !tls_active_) said.lines.emplace_back("STARTTLS");
    if (offers_auth()) said.lines.emplace_back("AUTH PLAIN LOGIN");
    said.lines.emplace_back("HELP");
    return said;
}

/// Syntax is not looked at further: clients call themselves all sorts of things, and the name proves nothing. Those
/// that come a second time mean RSET (RFC 5321 section 4.1.4).
server_step server_session::hello(const command& line) {
    if (line.argument.empty()) return refuse(501, "5.5.4", "Syntax: HELO or EHLO and the name of your host");
    if (line.argument.size() > longest_helo || has_controls(line.argument)) {
        return refuse(501, "5.5.4", "That is not the name of a host");
    }
    end_transaction();
    state_ = state::greeted;
    helo_ = line.argument;
    extended_ = line.verb == verb::ehlo;
    return idle(send_reply{extended_ ? capabilities() : reply(250, settings_.host.text())});
}

// --- transaction

server_step server_session::mail_from(std::string_view argument) {
    if (state_ == state::fresh) return refuse(503, "5.5.1", "Say EHLO or HELO first");
    if (in_transaction()) return refuse(503, "5.5.1", "Already in a transaction");
    if (settings_.auth == requirement::required && user_.empty())
        return refuse(530, "5.7.0", "Authentication required");
    if (settings_.limits.max_transactions != 0 && transactions_ >= settings_.limits.max_transactions) {
        return idle(refuse(452, "4.3.2", "Too many messages in this session"));
    }
    auto parsed = parse_mail(argument, settings_.dsn, settings_.host);
    if (auto* no = std::get_if<mail::status>(&parsed)) return answer(*no);
    sender_ = std::get<mail::sender>(std::move(parsed));
    if (sender_.declared_size.value_or(0) > settings_.limits.max_message_size) {
        end_transaction();
        return refuse(552, "5.3.4",
                      "Message is larger than " + std::to_string(settings_.limits.max_message_size) + " bytes");
    }
    question_ = question::sender;
    return check_sender{sender_};
}

server_step server_session::rcpt_to(std::string_view argument) {
    if (!in_transaction()) return refuse(503, "5.5.1", "Say MAIL first");
    // The surplus gets its 452 (RFC 5321 4.5.3.1.10), but not for ever.
    if (++rcpt_commands_ > 2 * settings_.limits.max_recipients + 100)
        return refuse(421, "4.5.3", "Too many recipients");
    if (recipients_ >= settings_.limits.max_recipients) return refuse(452, "4.5.3", "Too many recipients");
    auto parsed = parse_rcpt(argument, settings_.dsn, settings_.host);
    if (auto* no = std::get_if<mail::status>(&parsed)) return answer(*no);
    question_ = question::recipient;
    return check_recipient{std::get<mail::recipient>(std::move(parsed))};
}

server_step server_session::data(std::string_view argument) {
    if (!in_transaction()) return refuse(503, "5.5.1", "Say MAIL first");
    if (state_ != state::rcpt) return refuse(554, "5.5.1", "No valid recipients");
    if (!argument.empty()) return refuse(501, "5.5.4", "DATA has no argument");
    question_ = question::content;
    return begin_data{};
}

server_step server_session::rset(std::string_view argument) {
    if (!argument.empty()) return refuse(501, "5.5.4", "RSET has no argument");
    end_transaction();
    return idle(accept(250, "2.0.0", "Ok"));
}

void server_session::end_transaction() noexcept {
    if (in_transaction()) state_ = state::greeted;
    sender_ = {};
    recipients_ = 0;
    rcpt_commands_ = 0;
}

server_step server_session::on_verdict(const mail::status& status) {
    switch (std::exchange(question_, question::none)) {
        case question::sender:
            if (!status.is_success()) {
                end_transaction();
                return status.is_transient() ? idle(answer(status)) : answer(status);
            }
            state_ = state::mail;
            return answer(worded(status, "2.1.0", "Ok"));
        case question::recipient:
            if (status.is_success()) {
                state_ = state::rcpt;
                ++recipients_;
            }
            return answer(worded(status, "2.1.5", "Ok"));
        case question::content:
            // What was said so far stands: the client may try DATA again.
            if (!status.is_success()) return after_data(idle(answer(status)));
            state_ = state::content;
            return send_reply{reply(354, "End the message with a dot on a line of its own")};
        case question::password: return auth_verdict(status);
        case question::none:
        case question::tls: break;
    }
    throw std::logic_error("server_session: a verdict nobody asked for");
}

server_step server_session::on_content_end(const mail::status& status) {
    if (state_ != state::content) throw std::logic_error("server_session: no content is being received");
    end_transaction();
    if (!status.is_success()) return idle(answer(status));
    ++transactions_;
    idle_commands_ = 0;
    return answer(worded(status, "2.0.0", "Message accepted for delivery"));
}

// --- TLS

/// RFC 3207 section 4.2: all that was said before TLS is forgotten, since anybody may have said it.
server_step server_session::starttls(std::string_view argument) {
    if (tls_active_) return refuse(503, "5.5.1", "TLS is active already");
    if (settings_.tls == requirement::no) return refuse(502, "5.5.1", "STARTTLS is not available");
    if (!argument.empty()) return refuse(501, "5.5.4", "STARTTLS has no argument");
    end_transaction();
    state_ = state::fresh;
    helo_.clear();
    user_.clear();
    extended_ = false;
    question_ = question::tls;
    return begin_tls{reply(mail::status::of(220, "2.0.0", "Ready to start TLS"))};
}

void server_session::on_tls() {
    if (std::exchange(question_, question::none) != question::tls)
        throw std::logic_error("server_session: no TLS was begun");
    tls_active_ = true;
}

// --- AUTH (RFC 4954)

server_step server_session::auth(std::string_view argument) {
    if (settings_.auth == requirement::no) return refuse(502, "5.5.1", "AUTH is not available");
    if (state_ == state::fresh) return refuse(503, "5.5.1", "Say EHLO first");
    if (in_transaction()) return refuse(503, "5.5.1", "Not within a transaction");
    if (!user_.empty()) return refuse(503, "5.5.1", "Already authenticated");
    if (!offers_auth()) return refuse(538, "5.7.11", "Encryption required: issue STARTTLS first");

    const command inner = parse_command(argument);  // a mechanism and perhaps an initial response
    if (inner.name.empty()) return refuse(501, "5.5.4", "Syntax: AUTH mechanism [initial-response]");
    if (base::iequals(inner.name, "PLAIN"))
        sasl_ = sasl_exchange(sasl_mechanism::plain);
    else if (base::iequals(inner.name, "LOGIN"))
        sasl_ = sasl_exchange(sasl_mechanism::login);
    else
        return refuse(504, "5.5.4", "Mechanism not supported");
    return auth_step(sasl_.begin(inner.argument));
}

server_step server_session::auth_step(sasl_step next) {
    state_ = state::greeted;
    if (const auto* ask = std::get_if<sasl_challenge>(&next)) {
        state_ = state::auth;
        return send_reply{reply(334, ask->text)};
    }
    if (auto* who = std::get_if<credentials>(&next)) {
        claimed_user_ = who->user;
        question_ = question::password;
        return check_password{std::move(*who)};
    }
    if (std::holds_alternative<sasl_cancelled>(next)) return refuse(501, "5.7.0", "Authentication cancelled");
    return refuse(501, "5.5.2", "Malformed authentication response");
}

/// Section 6 has codes of its own, which a verdict made with status::permanent() or transient() does not know.
server_step server_session::auth_verdict(const mail::status& status) {
    const std::string user = std::exchange(claimed_user_, {});
    if (status.is_success()) {
        user_ = user;
        return accept(235, "2.7.0", status.text().empty() ? "Authentication succeeded" : status.text());
    }
    if (status.code() == 550) return refuse(535, status.enhanced().text(), status.text());
    if (status.code() == 451) return idle(refuse(454, status.enhanced().text(), status.text()));
    return answer(status);
}

}  // namespace waypost::smtp
