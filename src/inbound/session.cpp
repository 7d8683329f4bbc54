#include "session.hpp"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "waypost/async/run_with.hpp"
#include "waypost/observe/session_id.hpp"

namespace waypost::inbound {

namespace {

/// Takes the receipt: there is no other way to the words of a 250.
mail::status accepted(const spool::receipt& proof) {
    return mail::status::success("2.0.0", spool::to_string(proof.message()) + " Message accepted for delivery");
}

std::string tls_words(const net::tls_info& tls) {
    return tls.version + ":" + tls.cipher + ":" + std::to_string(tls.bits) + ":" + (tls.peer_verified ? "YES" : "NO");
}

/// What is known without waiting.
template <class Value>
async::awaitable<Value> ready(Value value) {
    co_return value;
}

std::optional<net::address> ip_of(const net::stream& client) {
    const auto peer = client.peer();
    return peer ? std::optional(peer->ip) : std::nullopt;
}

}  // namespace

std::string shutdown_words(const mail::domain& host) { return "4.3.2 " + host.text() + " Service shutting down"; }

session::session(const async::executor& executor, const dependencies& context, const settings& settings,
                 const listener_settings& listener, budgets& shared, std::unique_ptr<net::stream> client)
    : context_(context),
      settings_(settings),
      listener_(listener),
      shared_(shared),
      connection_(executor, std::move(client), context.clock, settings.times, settings.min_rate),
      protocol_(listener.protocol, listener.implicit_tls),
      owner_{client_of(connection_.stream()), observe::new_session_id()},
      address_(connection_.stream().peer() ? net::to_string(*connection_.stream().peer()) : "local"),
      name_(std::make_shared<peer_name>(executor)),
      side_tasks_(executor),
      policy_(context, *settings.rules, listener, shared, protocol_,
              {owner_.session_id, address_, ip_of(connection_.stream()), [name = name_] { return name->wait(); }}) {}

async::awaitable<> session::run() {
    const net::stream& client = connection_.stream();
    if (const auto uid = client.peer_uid()) {
        context_.log.info("smtp", "connected", {{"session", owner_.session_id}, {"address", address_}, {"uid", *uid}});
    } else {
        context_.log.info("smtp", "connected", {{"session", owner_.session_id}, {"address", address_}});
    }
    if (const auto ip = ip_of(client)) side_tasks_.start(peer_name::ask(name_, context_.dns, *ip));
    co_await async::finally(async::run_with(connection_.keep_time(), converse()), cleanup());
}

async::awaitable<> session::cleanup() {
    if (connection_.may_speak_at_shutdown()) {
        say_farewell();
        co_await connection_.speak_at_shutdown();
    }
    connection_.close();
    co_await side_tasks_.stop();
    context_.log.info("smtp", "disconnected",
                      {{"session", owner_.session_id},
                       {"reason", connection_.end_reason()},
                       {"messages", protocol_.accepted_messages()}});
}

// --- the conversation

async::awaitable<> session::converse() {
    if (listener_.implicit_tls && !co_await tls_handshake()) co_return;
    if (!connection_.is_ending()) reply(protocol_.greeting());
    while (const auto line = co_await connection_.next_line()) {
        if (!co_await answer(*line)) break;
        if (!protocol_.in_transaction()) transaction_.reset();
    }
    say_farewell();
    co_await connection_.finish();
}

/// False when the session is to end.
async::awaitable<bool> session::answer(const smtp_io::client_line& line) {
    using kind = smtp_io::client_line::kind;
    switch (line.type) {
        case kind::whole:
            last_command_ = protocol_.loggable(line.text);
            return perform(protocol_.on_line(line.text, line.input_follows));
        case kind::tls_hello: last_command_ = "(TLS without STARTTLS)"; return perform(protocol_.on_line(line.text));
        case kind::too_long: last_command_ = "(line too long)"; return perform(protocol_.on_bad_line(true));
        case kind::bare: last_command_ = "(line with a bare CR or LF)"; return perform(protocol_.on_bad_line(false));
        case kind::without_end: break;
    }
    last_command_ = "(line without an end)";
    last_reply({421, "4.7.0 Line without an end"}, "endless line");
    return ready(false);
}

async::awaitable<bool> session::perform(smtp::server_step step) {
    for (;;) {
        const outcome reached = co_await std::visit([this](auto& one) { return take(one); }, step);
        if (const bool* goes_on = std::get_if<bool>(&reached)) co_return *goes_on;
        step = protocol_.on_verdict(std::get<mail::status>(reached));
    }
}

// Replies are made out before anything is waited for, so that a session that is being cut off still gives them.

async::awaitable<session::outcome> session::take(smtp::send_reply& step) {
    reply(step.reply);
    return go_on();
}

async::awaitable<session::outcome> session::go_on() {
    co_return protocol_.receiving_content() ? co_await receive_content() : true;
}

async::awaitable<session::outcome> session::take(smtp::hang_up& step) {
    last_reply(step.last, step.last.code == 221 ? connection_.end_reason() : "refused");
    return ready(outcome(false));
}

async::awaitable<session::outcome> session::take(smtp::begin_tls& step) {
    reply(step.reply);
    return begin_tls();
}

async::awaitable<session::outcome> session::begin_tls() {
    co_return co_await connection_.flush() && co_await tls_handshake();
}

async::awaitable<session::outcome> session::take(smtp::check_sender& step) {
    connection_.pause_time();
    mail::status verdict = co_await policy_.check_sender(step.sender);
    if (verdict.is_success()) transaction_.emplace(context_, settings_, shared_, owner_);
    co_return verdict;
}

async::awaitable<session::outcome> session::take(smtp::check_recipient& step) {
    connection_.pause_time();
    auto accepted = co_await policy_.check_recipient(step.recipient);
    if (const auto* refused = std::get_if<mail::status>(&accepted)) co_return *refused;
    co_return transaction_->add_recipient(step.recipient.address,
                                          std::get<std::vector<spool::envelope>>(std::move(accepted)));
}

async::awaitable<session::outcome> session::take(smtp::check_password& step) {
    connection_.pause_time();
    co_return co_await policy_.check_password(std::move(step.credentials));
}

async::awaitable<session::outcome> session::take(smtp::begin_data&) { return ready(outcome(mail::status())); }

async::awaitable<bool> session::tls_handshake() {
    auto agreed = co_await connection_.start_tls(*listener_.tls);
    if (agreed.has_error()) {
        context_.log.info(
            "smtp", "tls-failed",
            {{"session", owner_.session_id}, {"address", address_}, {"reason", connection_.stream().tls_fault()}});
        co_return false;
    }
    tls_ = std::move(*agreed);
    if (!listener_.implicit_tls) protocol_.on_tls();
    context_.log.info("smtp", "tls", {{"session", owner_.session_id}, {"ciphers", tls_words(*tls_)}});
    co_return true;
}

// --- content

async::awaitable<bool> session::receive_content() {
    if (!co_await connection_.flush()) co_return false;
    connection_.begin_content();
    const mail::sender& sender = protocol_.sender();
    content_chain content =
        transaction_->begin_content(listener_.protocol, changes_for(sender), sender.declared_size.value_or(0));
    for (;;) {
        std::string_view input = connection_.pending();
        const std::size_t before = input.size();
        const bool has_ended = co_await content.feed(input);
        connection_.consume(before - input.size());
        if (has_ended) break;
        if (const auto breach = content.breach_so_far()) {
            last_reply(smtp::reply(breach->status), breach->reason);
            co_return false;
        }
        if (!co_await connection_.read_content()) co_return false;
    }
    co_return co_await answer_content(content);
}

/// A message that is kept and not answered would be sent again, so a session that is cancelled from here on still gives
/// the answer. Nothing here waits for the client but the write of that.
async::awaitable<bool> session::answer_content(content_chain& content) {
    namespace this_coro = boost::asio::this_coro;
    connection_.pause_time();
    co_await this_coro::throw_if_cancelled(false);
    const mail::status verdict = co_await keep(content);
    transaction_.reset();
    bool goes_on = co_await perform(protocol_.on_content_end(verdict));
    const bool is_cancelled =
        (co_await this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none;
    if (is_cancelled) goes_on = co_await connection_.flush_at_shutdown() && goes_on;
    co_await this_coro::throw_if_cancelled(true);
    co_return goes_on;
}

async::awaitable<mail::status> session::keep(content_chain& content) {
    if (auto refused = co_await content.end()) co_return std::move(*refused);
    auto kept = co_await transaction_->commit(trace_fields(), protocol_.sender(), content.eight_bit());
    if (kept.has_value()) co_return accept(std::move(*kept));
    if (kept.error() == spool::errc::full) co_return mail::status::of(452, "4.3.1", "Insufficient system storage");
    context_.log.error("smtp", "message-not-stored",
                       {{"session", owner_.session_id}, {"reason", kept.error().message()}});
    co_return mail::status::of(451, "4.3.0", "Message cannot be stored at this time");
}

mail::status session::accept(spool::receipt receipt) {
    const auto& message = *receipt.kept().message;
    context_.log.info("smtp", "message",
                      {{"session", owner_.session_id},
                       {"msgid", spool::to_string(message.id)},
                       {"from", "<" + message.sender.address.text() + ">"},
                       {"size", message.size},
                       {"nrcpt", receipt.kept().envelopes.size()},
                       {"proto", protocol_.protocol_name()}});
    mail::status answer = accepted(receipt);
    connection_.note_accepted_message();
    context_.queue.accepted(std::move(receipt));
    return answer;
}

header_changes session::changes_for(const mail::sender& sender) const {
    const bool is_logged_in = !protocol_.authenticated_user().empty();
    std::optional<mail::masquerade> mask;
    if (listener_.masquerade && is_logged_in && !sender.address.is_null()) mask.emplace(sender.address.text());
    const bool is_local = !connection_.stream().peer();
    if (!is_logged_in && !is_local) return {mail::header_pass(), std::move(mask)};
    const submitter client = is_local ? submitter::on_this_machine : submitter::logged_in;
    return {mail::header_pass(
                fields_for(client, sender.address, transaction_->id(), listener_.protocol.host, context_.clock.wall())),
            std::move(mask)};
}

std::string session::trace_fields() const {
    const net::stream& client = connection_.stream();
    const auto ip = ip_of(client);
    const bool is_masked = listener_.mask_source;
    return mail::format_received(
        {.helo = protocol_.helo(),
         .rdns = name_->known(),
         .address = is_masked || !ip ? std::string() : net::address_literal(*ip),
         .host = listener_.protocol.host.text(),
         .uid = is_masked ? std::nullopt : client.peer_uid(),
         .protocol = std::string(protocol_.protocol_name()),
         .id = transaction_->id(),
         .tls = tls_ ? tls_words(*tls_) : std::string(),
         .authenticated = listener_.received_auth ? protocol_.authenticated_user() : std::string(),
         .only_recipient = transaction_->only_recipient(),
         .time = context_.clock.wall()});
}

// --- replies

void session::reply(const smtp::reply& answer) {
    if (!answer.is_positive()) log_refusal(answer);
    connection_.reply(answer);
}

void session::last_reply(const smtp::reply& answer, std::string_view reason) {
    if (!answer.is_positive()) log_refusal(answer);
    connection_.last_reply(answer);
    connection_.set_end_reason(reason);
}

/// The reply to a session that we end, unless the client has been told why.
void session::say_farewell() {
    if (connection_.has_said_last() || !connection_.can_write()) return;
    const std::string& host = listener_.protocol.host.text();
    if (connection_.is_ending()) {
        connection_.set_end_reason("shutdown");
        connection_.last_reply({421, shutdown_words(listener_.protocol.host)});
    } else if (connection_.has_timed_out()) {
        last_reply({421, "4.4.2 " + host + " Error: timeout exceeded"}, connection_.end_reason());
    }
    connection_.stop_replying();
}

void session::log_refusal(const smtp::reply& reply) const {
    context_.log.info("smtp", "failed-command",
                      {{"session", owner_.session_id},
                       {"address", address_},
                       {"command", last_command_},
                       {"result", reply.to_status().line()}});
}

}  // namespace waypost::inbound
