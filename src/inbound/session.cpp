#include "session.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "waypost/async/run_with.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/inbound/policy.hpp"
#include "waypost/observe/session_id.hpp"
#include "waypost/rules/accept_recipient.hpp"

namespace waypost::inbound {

namespace {

// RFC 4954 section 4: a line of a SASL exchange may have 12,288 octets; every other command is far shorter.
constexpr std::size_t longest_command = 12288;
constexpr std::size_t read_buffer = 16384;
// A client that sends one line without end is heard for this long and no longer.
constexpr std::size_t most_discarded = 1U << 20;
// For the last words to a client that took too long.
constexpr std::chrono::seconds farewell_limit{5};
// And to one whose server stops: all of them together must fit into its grace.
constexpr std::chrono::seconds shutdown_farewell_limit{1};
// Content may stall, or come slowly, for so long before its average rate counts.
constexpr std::chrono::minutes slow_start{10};
constexpr std::chrono::milliseconds shortest_failure_delay{500};
// A guesser has to connect again for each few, where the log shows his address.
constexpr unsigned most_failed_logins = 3;

mail::status refusal_of(smtp::content_decoder::fault found) {
    using fault = smtp::content_decoder::fault;
    switch (found) {
        case fault::none: break;
        case fault::bare_line_end:
            return mail::status::of(554, "5.6.0", "Message refused: it has a CR or LF that is not part of a CRLF");
        case fault::nul_byte: return mail::status::of(554, "5.6.0", "Message refused: it has a NUL byte");
        case fault::line_too_long: return mail::status::of(554, "5.6.0", "Message refused: a line is too long");
        case fault::too_big: return mail::status::of(552, "5.3.4", "Message is bigger than this server takes");
    }
    return mail::status::of(554, "5.6.0", "Message refused");
}

mail::status not_stored() { return mail::status::of(452, "4.3.1", "Message cannot be stored at this time"); }

/// Of content that is not read to its end. A client that is told to come again comes with the same content.
mail::status refusal_of_unread(smtp::content_decoder::fault fault) {
    return fault == smtp::content_decoder::fault::none ? not_stored() : refusal_of(fault);
}

/// Content whose line ends are mended comes in two pieces a line: far more calls than copying them costs.
void join_many(std::vector<std::string_view>& pieces, std::string& text) {
    constexpr std::size_t few = 4;
    if (pieces.size() <= few) return;
    text.clear();
    for (const std::string_view piece : pieces) text += piece;
    pieces.assign(1, text);
}

mail::status no_room() { return mail::status::of(452, "4.3.1", "Insufficient system storage"); }

/// Takes the receipt: there is no other way to the words of a 250.
mail::status accepted(const spool::receipt& proof) {
    return mail::status::success("2.0.0", spool::to_string(proof.message()) + " Message accepted for delivery");
}

std::string tls_words(const net::tls_info& tls) {
    return tls.version + ":" + tls.cipher + ":" + std::to_string(tls.bits) + ":" + (tls.peer_verified ? "YES" : "NO");
}

}  // namespace

std::string shutdown_words(const mail::domain& host) { return "4.3.2 " + host.text() + " Service shutting down"; }

session::session(const async::executor& executor, const dependencies& context, const settings& settings,
                 const listener_settings& listener, budgets& shared, std::unique_ptr<net::stream> client)
    : context_(context),
      settings_(settings),
      listener_(listener),
      shared_(shared),
      client_(std::move(client)),
      watchdog_(executor, *client_, context.clock),
      protocol_(listener.protocol, listener.implicit_tls),
      lines_(read_buffer, longest_command),
      id_(observe::new_session_id()),
      address_(client_->peer() ? net::to_string(*client_->peer()) : "local"),
      budget_key_(client_of(*client_)),
      name_(std::make_shared<peer_name>(executor)),
      side_tasks_(executor),
      envelopes_(settings.max_envelopes),
      last_accepted_(context.clock.now()) {}

async::awaitable<> session::run() {
    if (const auto uid = client_->peer_uid()) {
        context_.log.info("smtp", "connected", {{"session", id_}, {"address", address_}, {"uid", *uid}});
    } else {
        context_.log.info("smtp", "connected", {{"session", id_}, {"address", address_}});
    }
    if (const auto peer = client_->peer()) side_tasks_.start(peer_name::ask(name_, context_.dns, peer->ip));
    co_await async::finally(async::run_with(watchdog_.run(), converse()), cleanup());
}

async::awaitable<> session::cleanup() {
    co_await say_shutdown();
    client_->close();
    co_await side_tasks_.stop();
    context_.log.info("smtp", "disconnected",
                      {{"session", id_}, {"reason", reason_}, {"messages", protocol_.accepted_messages()}});
}

// --- the server stops

void session::end_soon() {
    ending_ = true;
    if (awaited_ == awaited::command) client_->cancel();
    if (awaited_ == awaited::farewell) watchdog_.expect_within(shutdown_farewell_limit);
}

void session::end_now() {
    ending_now_ = true;
    if (awaited_ == awaited::content || awaited_ == awaited::handshake) client_->cancel();
}

/// For a session that was cut off in the middle of something, perhaps with replies that were not written yet. Behind
/// half a reply nothing can be said.
async::awaitable<> session::say_shutdown() {
    using namespace boost::asio::experimental::awaitable_operators;
    if (!ending_ || !can_write_ || writing_) co_return;
    add_last_reply();
    if (out_.empty()) co_return;
    const std::string words = std::exchange(out_, {});
    co_await (client_->write(words) || context_.clock.sleep_for(shutdown_farewell_limit));
    client_->end_writing();
}

/// The reply to a session that we end, unless the client has been told why.
void session::add_last_reply() {
    if (std::exchange(has_replied_last_, true)) return;
    if (ending_) {
        reason_ = "shutdown";
        smtp::write_reply(out_, {421, shutdown_words(listener_.protocol.host)});
    } else if (watchdog_.expired()) {
        reply({421, "4.4.2 " + listener_.protocol.host.text() + " Error: timeout exceeded"});
    }
}

// --- the conversation

async::awaitable<> session::converse() {
    if (!co_await greet()) co_return;
    while (!ending_) {
        const smtp::line next = lines_.next_line();
        bool goes_on = true;
        switch (next.kind) {
            case smtp::line_kind::none:
                if (!tls_ && smtp::looks_like_tls(lines_.pending())) {
                    last_command_ = "(TLS without STARTTLS)";
                    goes_on = co_await perform(protocol_.on_line(lines_.pending()));
                } else {
                    goes_on =
                        co_await flush() && may_read_command() && co_await read(awaited::command, time_for_command());
                }
                break;
            case smtp::line_kind::whole:
                last_command_ = protocol_.loggable(next.text);
                goes_on = co_await perform(protocol_.on_line(next.text, !lines_.pending().empty()));
                break;
            case smtp::line_kind::too_long:
                last_command_ = "(line too long)";
                goes_on = co_await perform(protocol_.on_bad_line(true));
                break;
            case smtp::line_kind::bare:
                last_command_ = "(line with a bare CR or LF)";
                goes_on = co_await perform(protocol_.on_bad_line(false));
                break;
        }
        if (!goes_on) break;
        if (!protocol_.in_transaction()) forget_transaction();
    }
    if (!can_write_) co_return;
    add_last_reply();
    if (co_await flush(ending_ ? shutdown_farewell_limit : farewell_limit)) co_await linger();
}

/// Lets the client read our last words: closing a socket with unread input makes the kernel throw them away.
async::awaitable<> session::linger() {
    client_->end_writing();
    watchdog_.expect_within(ending_ ? shutdown_farewell_limit : farewell_limit);
    awaited_ = awaited::farewell;
    for (std::size_t heard = 0; heard < most_discarded;) {
        lines_.clear();
        const auto bytes = co_await client_->read_some(lines_.free_space());
        if (bytes.has_error()) co_return;
        heard += *bytes;
    }
}

async::awaitable<bool> session::greet() {
    if (listener_.implicit_tls && !co_await tls_handshake()) co_return false;
    if (!ending_) reply(protocol_.greeting());
    co_return true;
}

async::awaitable<bool> session::perform(smtp::server_step next) {
    for (;;) {
        if (auto* answer = std::get_if<smtp::send_reply>(&next)) {
            reply(answer->reply);
            co_return protocol_.receiving_content() ? co_await receive_content() : true;
        }
        if (auto* end = std::get_if<smtp::hang_up>(&next)) {
            reply(end->last);
            has_replied_last_ = true;
            if (end->last.code != 221) reason_ = "refused";
            co_return false;
        }
        if (auto* tls = std::get_if<smtp::begin_tls>(&next)) {
            reply(tls->reply);
            co_return co_await flush() && co_await tls_handshake();
        }
        mail::status verdict;
        if (auto* sender = std::get_if<smtp::check_sender>(&next)) {
            verdict = co_await check(std::move(sender->sender));
        } else if (auto* recipient = std::get_if<smtp::check_recipient>(&next)) {
            verdict = co_await check(std::move(recipient->recipient));
        } else if (auto* password = std::get_if<smtp::check_password>(&next)) {
            verdict = co_await check(std::move(password->credentials));
        }
        next = protocol_.on_verdict(verdict);
    }
}

// --- verdicts

async::awaitable<mail::status> session::check(mail::sender sender) {
    watchdog_.pause();
    const mail::status said =
        co_await sender_verdict(sender.address, protocol_, listener_, context_.rules.tag_delimiter());
    if (!said.is_success()) co_return said;
    if (!context_.store.has_room(sender.declared_size.value_or(0))) co_return no_room();
    forget_transaction();
    transaction_.emplace(context_.store);
    transaction_->text().draw_on(shared_.content);
    changes_.emplace(changes_for(sender));
    only_recipient_.clear();
    co_return mail::status();
}

async::awaitable<mail::status> session::check(mail::recipient recipient) {
    watchdog_.pause();
    const rules::envelope_context about = context_of(recipient.address);
    auto accepted = co_await rules::accept_recipient(context_.rules, about, context_.files, recipient,
                                                     context_.queue.settings().ttl);
    if (const auto* refused = std::get_if<mail::status>(&accepted)) co_return *refused;

    const mail::status added =
        add_envelopes(recipient.address, std::get<std::vector<spool::envelope>>(std::move(accepted)));
    if (!added.is_success()) co_return added;
    only_recipient_ = protocol_.recipients() == 0 ? recipient.address.text() : std::string();
    co_return added;
}

mail::status session::add_envelopes(const mail::mailbox& recipient, std::vector<spool::envelope> more) {
    const std::size_t before = envelopes_.size();
    if (!envelopes_.add(std::move(more))) return refuse_for_number(recipient);
    const std::size_t added = envelopes_.size() - before;
    if (added == 0) return {};
    auto paid = shared_.envelopes.try_take(added);
    auto of_client = shared_.envelopes_of_client.try_take(budget_key_, added);
    if (!paid || !of_client) {
        envelopes_.forget_from(before);
        return mail::status::of(452, "4.3.1",
                                paid ? "Too many recipients in your sessions at this time"
                                     : "Too many recipients in all sessions at this time");
    }
    envelopes_paid_.push_back({std::move(paid), *std::move(of_client)});
    return {};
}

/// With fewer recipients before it the next try may succeed, but not if there was none.
mail::status session::refuse_for_number(const mail::mailbox& recipient) {
    if (envelopes_.size() != 0) return mail::status::of(452, "4.5.3", "Too many recipients");
    const std::string limit = std::to_string(settings_.max_envelopes);
    context_.log.warn("smtp", "list-too-long",
                      {{"session", id_}, {"rcpt", recipient.text()}, {"max-envelopes", settings_.max_envelopes}});
    return mail::status::of(550, "5.3.4", "This address stands for more than " + limit + " recipients (max-envelopes)");
}

async::awaitable<mail::status> session::check(smtp::credentials credentials) {
    watchdog_.pause();
    const std::string user = base::printable(credentials.user, 64);
    const auto verdict = co_await verdict_of(std::move(credentials));
    if (!verdict) co_return refuse_login(user);
    switch (*verdict) {
        case password_verdict::right:
            context_.log.info("smtp", "authentication",
                              {{"session", id_}, {"address", address_}, {"user", user}, {"result", "ok"}});
            co_return mail::status();
        case password_verdict::could_not_ask:
            context_.log.warn("smtp", "authentication",
                              {{"session", id_}, {"address", address_}, {"user", user}, {"result", "tempfail"}});
            co_return mail::status::of(454, "4.7.0", "Temporary authentication failure");
        case password_verdict::wrong: break;
    }
    context_.log.warn("smtp", "authentication",
                      {{"session", id_},
                       {"address", address_},
                       {"user", user},
                       {"result", "permfail"},
                       {"failures", ++failed_logins_}});
    co_await context_.clock.sleep_for(shortest_failure_delay);
    if (failed_logins_ >= most_failed_logins) co_return mail::status::of(421, "4.7.0", "Too many failed logins");
    co_return mail::status::of(535, "5.7.8", "Authentication failed");
}

/// Nothing when there are too many logins. A table that takes its time holds no place of the line.
async::awaitable<std::optional<password_verdict>> session::verdict_of(smtp::credentials credentials) {
    if (listener_.passwords == nullptr) co_return password_verdict::could_not_ask;
    auto stored = co_await find_password(*listener_.passwords, credentials.user);
    if (stored.has_error()) co_return password_verdict::could_not_ask;
    const auto peer = client_->peer();
    const auto place = co_await shared_.logins.join(peer ? std::optional(peer->ip) : std::nullopt, context_.clock);
    if (!place) co_return std::nullopt;
    co_return co_await verify_password(std::move(*stored), std::move(credentials.password), shared_.logins.hashing());
}

/// Its password is not looked at, so a guesser learns nothing from it.
mail::status session::refuse_login(const std::string& user) {
    context_.log.warn("smtp", "authentication",
                      {{"session", id_}, {"address", address_}, {"user", user}, {"result", "tempfail"}});
    return mail::status::of(454, "4.7.0", "Too many logins at this time, try again later");
}

rules::envelope_context session::context_of(const mail::mailbox& recipient) {
    client peer{.origin = rules::local_socket{}, .rdns = [this] { return name_->wait(); }};
    if (const auto address = client_->peer()) peer.origin = address->ip;
    return inbound::context_of(recipient, peer, protocol_, listener_, context_.clock.wall());
}

// --- content

async::awaitable<bool> session::receive_content() {
    if (!co_await flush()) co_return false;
    if (const auto size = protocol_.sender().declared_size) transaction_->text().reserve(*size);
    waited_for_content_ = {};
    content_octets_ = 0;
    smtp::content_decoder decoder(listener_.protocol.limits.max_message_size, settings_.longest_line,
                                  listener_.protocol.line_feed);
    mail::hop_counter hops;
    std::string joined;
    bool stored = true;
    std::uint64_t discarded = 0;
    for (;;) {
        std::string_view input = lines_.pending();
        const std::size_t before = input.size();
        pieces_.clear();
        const bool ended = decoder.decode(input, [&](std::string_view piece) { pieces_.push_back(piece); });
        join_many(pieces_, joined);
        for (const std::string_view piece : pieces_) {
            hops.feed(piece);
            if (stored) stored = co_await store(piece);
        }
        lines_.consume(before - input.size());
        if (ended) break;
        if (!stored || decoder.found() != smtp::content_decoder::fault::none) discarded += before - input.size();
        if (discarded > settings_.most_discarded_content) {
            reason_ = "endless content";
            reply(smtp::reply(refusal_of_unread(decoder.found())));
            has_replied_last_ = true;
            co_return false;
        }
        if (decoder.seems_ended()) {
            // The client waits for an answer to an end that is none. What it sends next would still be content, so the
            // session must end with the answer.
            reason_ = "bare line ends";
            reply(smtp::reply(refusal_of(smtp::content_decoder::fault::bare_line_end)));
            has_replied_last_ = true;
            co_return false;
        }
        if (ending_now_ || !co_await read(awaited::content, time_for_content())) co_return false;
    }
    co_return co_await answer_content(decoder, hops, stored);
}

/// A message that is kept and not answered would be sent again, so a session that is cancelled from here on still gives
/// the answer. Nothing here waits for the client but the write of that.
async::awaitable<bool> session::answer_content(const smtp::content_decoder& decoder, const mail::hop_counter& hops,
                                               bool stored) {
    namespace this_coro = boost::asio::this_coro;
    watchdog_.pause();
    co_await this_coro::throw_if_cancelled(false);
    const mail::status said = co_await finish(decoder, hops, stored);
    forget_transaction();
    bool goes_on = co_await perform(protocol_.on_content_end(said));
    const bool cancelled = (co_await this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none;
    if (cancelled) goes_on = co_await flush(shutdown_farewell_limit) && goes_on;
    co_await this_coro::throw_if_cancelled(true);
    co_return goes_on;
}

void session::forget_transaction() {
    transaction_.reset();
    envelopes_.forget_from(0);
    envelopes_paid_.clear();
}

async::awaitable<bool> session::store(std::string_view piece) {
    co_return (co_await transaction_->text().append(changes_->feed(piece))).has_value();
}

async::awaitable<mail::status> session::finish(const smtp::content_decoder& decoder, const mail::hop_counter& hops,
                                               bool stored) {
    if (decoder.found() != smtp::content_decoder::fault::none) co_return refusal_of(decoder.found());
    if (hops.received_fields() >= settings_.max_received_fields) {
        co_return mail::status::of(554, "5.4.6", "Message has passed too many hosts: a loop");
    }
    if (stored) stored = (co_await transaction_->text().append(changes_->end())).has_value();
    if (!stored) co_return not_stored();

    transaction_->text().set_trace(trace_fields());
    for (spool::envelope& each : envelopes_.take()) transaction_->add(std::move(each));
    auto kept = co_await transaction_->commit(protocol_.sender(), context_.clock.wall(), decoder.eight_bit());
    if (kept.has_error()) {
        if (kept.error() == spool::errc::full) co_return no_room();
        context_.log.error("smtp", "message-not-stored", {{"session", id_}, {"reason", kept.error().message()}});
        co_return mail::status::of(451, "4.3.0", "Message cannot be stored at this time");
    }
    const auto& message = *kept->kept().message;
    context_.log.info("smtp", "message",
                      {{"session", id_},
                       {"msgid", spool::to_string(message.id)},
                       {"from", "<" + message.sender.address.text() + ">"},
                       {"size", message.size},
                       {"nrcpt", kept->kept().envelopes.size()},
                       {"proto", protocol_.protocol_name()}});
    const mail::status said = accepted(*kept);
    last_accepted_ = context_.clock.now();
    context_.queue.accepted(std::move(*kept));
    co_return said;
}

header_changes session::changes_for(const mail::sender& sender) const {
    const bool logged_in = !protocol_.authenticated_user().empty();
    std::optional<mail::masquerade> mask;
    if (listener_.masquerade && logged_in && !sender.address.is_null()) mask.emplace(sender.address.text());
    const bool is_local = !client_->peer();
    if (!logged_in && !is_local) return {mail::header_pass(), std::move(mask)};
    const submitter client = is_local ? submitter::on_this_machine : submitter::logged_in;
    return {mail::header_pass(fields_for(client, sender.address, spool::to_string(transaction_->id()),
                                         listener_.protocol.host, context_.clock.wall())),
            std::move(mask)};
}

std::string session::trace_fields() const {
    const auto peer = client_->peer();
    const bool masked = listener_.mask_source;
    return mail::format_received(
        {.helo = protocol_.helo(),
         .rdns = name_->known(),
         .address = masked || !peer ? std::string() : net::address_literal(peer->ip),
         .host = listener_.protocol.host.text(),
         .uid = masked ? std::nullopt : client_->peer_uid(),
         .protocol = std::string(protocol_.protocol_name()),
         .id = spool::to_string(transaction_->id()),
         .tls = tls_ ? tls_words(*tls_) : std::string(),
         .authenticated = listener_.received_auth ? protocol_.authenticated_user() : std::string(),
         .only_recipient = only_recipient_,
         .time = context_.clock.wall()});
}

// --- input and output

async::awaitable<bool> session::read(awaited input, async::duration limit) {
    const auto before = input == awaited::content ? context_.clock.now() : async::time_point();
    watchdog_.expect_within(limit);
    awaited_ = input;
    const auto bytes = co_await client_->read_some(lines_.free_space());
    awaited_ = awaited::nothing;
    if (bytes.has_error()) {
        reason_ = watchdog_.expired() ? "timeout" : "connection lost";
        if (bytes.error() == net::errc::end_of_stream) reason_ = "closed by the client";
        co_return false;
    }
    lines_.filled(*bytes);
    if (input == awaited::content) {
        waited_for_content_ += context_.clock.now() - before;
        content_octets_ += *bytes;
    }
    co_return true;
}

bool session::may_read_command() {
    if (lines_.discarded() <= most_discarded) return !ending_;
    reason_ = "endless line";
    last_command_ = "(line without an end)";
    reply({421, "4.7.0 Line without an end"});
    has_replied_last_ = true;
    return false;
}

/// A client that sends a command now and then, or a byte of one, has a session as long as mail comes of it.
async::duration session::time_for_command() const {
    const async::duration left = last_accepted_ + settings_.times.session - context_.clock.now();
    return std::min<async::duration>(settings_.times.command, left);
}

/// A piece must come in time, and all together at a rate that gets somewhere. Only the time counts that we waited for
/// the client: a slow disk is not its fault.
async::duration session::time_for_content() const {
    if (settings_.min_rate == 0) return settings_.times.content;
    const auto earned = slow_start + std::chrono::seconds(content_octets_ / settings_.min_rate);
    return std::min<async::duration>(settings_.times.content, earned - waited_for_content_);
}

async::awaitable<bool> session::flush() { return flush(settings_.times.write); }

async::awaitable<bool> session::flush(async::duration limit) {
    if (out_.empty()) co_return true;
    watchdog_.expect_within(limit);
    writing_ = true;
    const auto written = co_await client_->write(out_);
    writing_ = false;
    out_.clear();
    watchdog_.pause();
    if (written.has_error()) reason_ = watchdog_.expired() ? "timeout" : "connection lost";
    co_return written.has_value();
}

async::awaitable<bool> session::tls_handshake() {
    lines_.clear();
    watchdog_.expect_within(settings_.times.handshake);
    awaited_ = awaited::handshake;
    auto agreed = co_await client_->start_tls_server(*listener_.tls);
    awaited_ = awaited::nothing;
    if (agreed.has_error()) {
        context_.log.info("smtp", "tls-failed",
                          {{"session", id_}, {"address", address_}, {"reason", client_->tls_fault()}});
        reason_ = "tls failed";
        can_write_ = false;
        co_return false;
    }
    tls_ = std::move(*agreed);
    if (!listener_.implicit_tls) protocol_.on_tls();
    context_.log.info("smtp", "tls", {{"session", id_}, {"ciphers", tls_words(*tls_)}});
    co_return true;
}

void session::reply(const smtp::reply& answer) {
    if (!answer.is_positive()) log_refusal(answer);
    smtp::write_reply(out_, answer);
}

void session::log_refusal(const smtp::reply& reply) {
    context_.log.info(
        "smtp", "failed-command",
        {{"session", id_}, {"address", address_}, {"command", last_command_}, {"result", reply.to_status().line()}});
}

}  // namespace waypost::inbound
