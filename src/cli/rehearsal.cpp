#include "rehearsal.hpp"

#include <algorithm>
#include <set>

#include "waypost/async/run_with.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/inbound/peer_name.hpp"
#include "waypost/inbound/policy.hpp"

namespace waypost::cli {

namespace {

using subject = rules::condition::subject;

class rehearsal {
public:
    rehearsal(const config::generation& settings, const visit& client, dns::resolver& dns, rules::user_files& files,
              async::clock& clock, const async::executor& executor)
        : settings_(settings),
          client_(client),
          dns_(dns),
          files_(files),
          clock_(clock),
          protocol_(client.listener.protocol, client.listener.implicit_tls),
          name_(std::make_shared<inbound::peer_name>(executor)),
          side_tasks_(executor) {}

    async::awaitable<rehearsed> run() {
        co_await async::finally(talk(), side_tasks_.stop());
        explain_doubts();
        co_return std::move(done_);
    }

private:
    async::awaitable<> talk() {
        for (const std::string& line : commands()) {
            const std::string verb = line.substr(0, line.find(' '));
            const smtp::reply said = co_await say(line);
            if (said.is_positive()) continue;
            if (verb != "RCPT") done_.command = verb;
            done_.answer = said.to_status();
            co_return;
        }
    }

    [[nodiscard]] std::vector<std::string> commands() const {
        std::vector<std::string> lines{"EHLO " + client_.helo};
        if (client_.tls && !client_.listener.implicit_tls)
            lines.insert(lines.end(), {"STARTTLS", "EHLO " + client_.helo});
        if (!client_.user.empty()) {
            using namespace std::string_literals;
            lines.push_back("AUTH PLAIN " + base::base64_encode("\0"s + client_.user + "\0-"s));
        }
        lines.push_back("MAIL FROM:<" + client_.sender + ">");
        lines.push_back("RCPT TO:<" + client_.recipient + ">");
        return lines;
    }

    async::awaitable<smtp::reply> say(const std::string& line) {
        smtp::server_step next = protocol_.on_line(line);
        for (;;) {
            if (auto* answer = std::get_if<smtp::send_reply>(&next)) co_return std::move(answer->reply);
            if (auto* end = std::get_if<smtp::hang_up>(&next)) co_return std::move(end->last);
            if (auto* tls = std::get_if<smtp::begin_tls>(&next)) {
                protocol_.on_tls();
                co_return std::move(tls->reply);
            }
            mail::status verdict;  // the password is taken for right
            if (auto* sender = std::get_if<smtp::check_sender>(&next)) {
                verdict = co_await inbound::sender_verdict(sender->sender.address, protocol_, client_.listener,
                                                           settings_.rules->tag_delimiter());
            } else if (auto* recipient = std::get_if<smtp::check_recipient>(&next)) {
                verdict = co_await judge(std::move(recipient->recipient));
            }
            next = protocol_.on_verdict(verdict);
        }
    }

    async::awaitable<mail::status> judge(mail::recipient recipient) {
        const inbound::client peer{.origin = client_.origin, .rdns = [this] { return confirmed_name(); }};
        const auto envelope_context =
            inbound::context_of(recipient.address, peer, protocol_, client_.listener, clock_.wall());
        done_.answer = co_await rules::accept_recipient(*settings_.rules, envelope_context, files_, recipient,
                                                        settings_.queue.ttl, &done_.told);
        const auto* refused = std::get_if<mail::status>(&done_.answer);
        co_return refused != nullptr ? *refused : mail::status();
    }

    /// Asked for once, and only where a rule wants it.
    async::awaitable<base::result<std::string>> confirmed_name() {
        if (const auto* ip = std::get_if<net::address>(&client_.origin); ip != nullptr && !asked_name_) {
            asked_name_ = true;
            side_tasks_.start(inbound::peer_name::ask(name_, dns_, *ip));
        }
        co_return co_await name_->wait();
    }

    void explain_doubts() {
        std::set<std::string> told;
        for (const rules::match_step& step : done_.told.conditions()) {
            std::string doubt = doubt_about(step);
            if (doubt.empty()) continue;
            const rules::source_line& where = step.candidate->line;
            doubt = where.file + ":" + std::to_string(where.line) + ": " + doubt;
            if (told.insert(doubt).second) done_.doubts.push_back(std::move(doubt));
        }
    }

    [[nodiscard]] std::string doubt_about(const rules::match_step& step) const {
        if (step.holds.has_error()) return "could not be judged: " + step.holds.error().message();
        switch (step.judged->tested) {
            case subject::helo:
                return client_.helo_known ? ""
                                          : "asks for HELO, which is taken as \"" + client_.helo + "\": give --helo";
            case subject::tls:
                return client_.tls_known ? ""
                                         : std::string("asks for TLS, which is taken as ") +
                                               (protocol_.tls_active() ? "on" : "off") + ": give --tls or --no-tls";
            case subject::tag:
                return client_.tag_known ? ""
                                         : "asks for the tag of the listener, taken as none: give --listener or --tag";
            default: return "";
        }
    }

    const config::generation& settings_;
    const visit& client_;
    dns::resolver& dns_;
    rules::user_files& files_;
    async::clock& clock_;
    smtp::server_session protocol_;
    std::shared_ptr<inbound::peer_name> name_;
    bool asked_name_ = false;
    rehearsed done_;
    async::task_group side_tasks_;
};

}  // namespace

async::awaitable<rehearsed> rehearse(const config::generation& settings, visit client, dns::resolver& dns,
                                     rules::user_files& files, async::clock& clock) {
    rehearsal one(settings, client, dns, files, clock, co_await boost::asio::this_coro::executor);
    co_return co_await one.run();
}

// --- the client

namespace {

using listeners = std::vector<const inbound::listener_settings*>;

std::string text_of(const inbound::listener_settings& settings) {
    return settings.endpoint ? net::to_string(*settings.endpoint) : "socket";
}

bool is_named(const inbound::listener_settings& settings, const std::string& name) {
    return name == text_of(settings) || (settings.endpoint && name == std::to_string(settings.endpoint->port));
}

/// The listeners that this client may have come to.
listeners possible_listeners(const question& question, const inbound::settings& settings) {
    listeners found;
    for (const inbound::listener_settings& one : settings.listeners) {
        const bool fits = question.listener.empty() ? one.endpoint.has_value() != question.from_ip.empty()
                                                    : is_named(one, question.listener);
        if (fits) found.push_back(&one);
    }
    const auto narrow = [&found](auto holds) {
        listeners kept;
        std::ranges::copy_if(found, std::back_inserter(kept), holds);
        if (!kept.empty()) found = std::move(kept);
    };
    if (question.tag) narrow([&](const auto* one) { return one->tag == *question.tag; });
    if (!question.user.empty()) narrow([](const auto* one) { return one->protocol.auth != smtp::requirement::no; });
    if (question.tls) {
        narrow([&](const auto* one) {
            const bool can = one->implicit_tls || one->protocol.tls != smtp::requirement::no;
            return *question.tls ? can : !one->implicit_tls;
        });
    }
    return found;
}

bool are_alike(const inbound::listener_settings& a, const inbound::listener_settings& b) {
    return a.tag == b.tag && a.senders == b.senders && a.implicit_tls == b.implicit_tls &&
           a.protocol.tls == b.protocol.tls && a.protocol.auth == b.protocol.auth;
}

/// One that demands nothing, in place of several, or of one that the administrator described by its tag alone.
inbound::listener_settings lenient(inbound::listener_settings settings, const question& question) {
    settings.protocol.tls = smtp::requirement::offered;
    settings.protocol.auth = question.user.empty() ? smtp::requirement::no : smtp::requirement::offered;
    settings.implicit_tls = false;
    settings.senders = nullptr;
    return settings;
}

void choose_listener(visit& to, const question& question, const listeners& all) {
    if (all.empty()) {
        to.listener = lenient(to.listener, question);
        to.tag_known = question.from_ip.empty();
    } else {
        const auto& first = *all.front();
        const bool same = std::ranges::all_of(all, [&](const auto* one) { return are_alike(*one, first); });
        to.listener = same ? first : lenient(first, question);
        to.tag_known = std::ranges::all_of(all, [&](const auto* one) { return one->tag == first.tag; });
        if (!to.tag_known) to.listener.tag.clear();
    }
    if (question.tag) {
        to.listener.tag = *question.tag;
        to.tag_known = true;
    }
}

/// What is not said follows where the listener leaves no choice.
void choose_tls(visit& to, const question& question) {
    const auto& protocol = to.listener.protocol;
    const bool needed = to.listener.implicit_tls || protocol.tls == smtp::requirement::required ||
                        (!to.user.empty() && protocol.tls != smtp::requirement::no);
    to.tls = question.tls.value_or(needed);
    to.tls_known = question.tls.has_value() || needed || protocol.tls == smtp::requirement::no;
}

}  // namespace

std::variant<visit, std::string> visit_of(const question& question, const inbound::settings& settings) {
    visit made;
    made.sender = question.sender == "<>" ? "" : question.sender;
    made.recipient = question.recipient;
    if (!mail::reverse_path::from_text(made.sender) || !mail::mailbox::parse(made.recipient))
        return "FROM and TO are mail addresses (FROM may be <>)";
    made.origin = rules::local_socket{};
    if (!question.from_ip.empty()) {
        const auto ip = net::parse_address(question.from_ip);
        if (!ip) return "--from-ip is an IP address";
        made.origin = *ip;
    }
    const listeners all = possible_listeners(question, settings);
    if (all.empty() && !question.listener.empty()) {
        std::string text = "--listener is none of this configuration; it has";
        for (const auto& one : settings.listeners) text += " " + text_of(one);
        return text;
    }
    made.user = question.user;
    choose_listener(made, question, all);
    choose_tls(made, question);
    // Programs on this machine come through our own sendmail, which calls itself so.
    const bool is_local = question.from_ip.empty();
    made.helo = question.helo.value_or(is_local ? "localhost" : "client.invalid");
    made.helo_known = question.helo.has_value() || is_local;
    return made;
}

}  // namespace waypost::cli
