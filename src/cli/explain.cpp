#include <sysexits.h>

#include <iostream>

#include "commands.hpp"
#include "one_question.hpp"
#include "rehearsal.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/delivery/forward_reader.hpp"
#include "waypost/dns/mx_lookup.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/relay/entries.hpp"
#include "waypost/table/services.hpp"

namespace waypost::cli {

namespace {

std::string_view word_for(mail::transport_security security) {
    using enum mail::transport_security;
    switch (security) {
        case opportunistic: return "STARTTLS if offered, unverified";
        case starttls: return "STARTTLS demanded, verified";
        case never: return "never";
        case implicit: return "from the first byte, verified";
        case implicit_or_starttls: return "from the first byte or else by STARTTLS, verified";
    }
    return "";
}

void explain_tls(const relay::action_settings& action, const mail::relay_url& url) {
    std::cout << "tls      " << word_for(action.security_of(url))
              << (action.no_verify ? ", but the action says no-verify" : "") << '\n';
}

/// A smart host by name has to resolve, or mail for it waits.
async::awaitable<> explain_host(const mail::relay_url& url, dns::resolver& dns) {
    if (!url.socket_path.empty() || net::parse_address(url.host)) co_return;
    const auto addresses = co_await dns.addresses(url.host);
    if (addresses.has_value() && !addresses->empty()) {
        std::cout << "host    ";
        for (const net::address& ip : *addresses) std::cout << ' ' << ip.to_string();
        std::cout << '\n';
    } else {
        std::cout << "fault    cannot find " << url.host << ": "
                  << (addresses.has_error() ? addresses.error().message() : "it has no address") << '\n';
    }
}

async::awaitable<> explain_url(const relay::action_settings& action, const std::string& text, dns::resolver& dns) {
    const auto judged = mail::usable_relay_url(text, action.demands());
    if (const auto* wrong = std::get_if<mail::relay_url_error>(&judged)) {
        std::cout << "fault    a row that this action cannot use is passed over: " << base::printable(wrong->text)
                  << '\n';
        co_return;
    }
    const auto* url = std::get_if<mail::relay_url>(&judged);
    std::cout << "relay    " << url->text() << '\n';
    if (!url->label.empty()) {
        std::cout << "label    " << url->label << " of table <" << action.credentials->name() << ">\n";
    }
    explain_tls(action, *url);
    co_await explain_host(*url, dns);
}

void explain_no_answer(const table::table& rows, const base::error_code& error) {
    std::cout << "relay    not known now: table <" << rows.name() << ">: " << error.message() << '\n';
}

async::awaitable<> explain_urls(const relay::action_settings& action, dns::resolver& dns) {
    const auto urls = co_await relay::entries_in_order(*action.hosts, table::service::relayhost);
    if (urls.has_error()) co_return explain_no_answer(*action.hosts, urls.error());
    for (const std::string& each : *urls) co_await explain_url(action, each, dns);
}

async::awaitable<> explain_url_of(const relay::action_settings& action, const std::string& domain, dns::resolver& dns) {
    const auto url = co_await table::find<table::relayhost>(*action.by_domain, domain);
    if (url.has_error()) co_return explain_no_answer(*action.by_domain, url.error());
    if (url->has_value()) co_return co_await explain_url(action, **url, dns);
    std::cout << "relay    none for " << domain << " in table <" << action.by_domain->name() << ">\n";
}

async::awaitable<> explain_mx(const relay::action_settings& action, const std::string& domain, dns::resolver& dns) {
    explain_tls(action, {});
    const auto found = co_await dns::find_mx_hosts(dns, domain);
    if (const auto* why = std::get_if<dns::mx_failure>(&found)) {
        const bool may_exist = *why == dns::mx_failure::unavailable;
        std::cout << "mx       " << (may_exist ? "not known now: " : "none: ") << dns::words_for(*why) << '\n';
        co_return;
    }
    for (const dns::mx_host& host : std::get<std::vector<dns::mx_host>>(found)) {
        std::cout << "mx       " << host.preference << ' ' << base::printable(host.name);
        for (const net::address& ip : host.addresses) std::cout << ' ' << ip.to_string();
        std::cout << '\n';
    }
}

async::awaitable<> explain_relay(const relay::action_settings& action, const std::string& domain, dns::resolver& dns) {
    if (action.hosts != nullptr) {
        co_await explain_urls(action, dns);
    } else if (action.by_domain != nullptr) {
        co_await explain_url_of(action, domain, dns);
    } else {
        co_await explain_mx(action, domain, dns);
    }
    if (action.sources == nullptr) {
        std::cout << "source   chosen by the kernel\n";
        co_return;
    }
    const auto source = co_await action.sources->fetch(table::service::source);
    const bool known = source.has_value() && source->has_value();
    std::cout << "source   " << (known ? **source : std::string("none")) << " of table <" << action.sources->name()
              << ">\n";
}

/// Nothing where a recipient is a destination as he stands.
void explain_expansion(const rules::expansion_trace& told) {
    const auto steps = told.steps();
    if (steps.size() < 2) return;
    for (const rules::expansion_trace::step& one : steps) {
        std::cout << (one.depth == 0 ? "expands  " : "         ") << std::string(one.depth * 2UL, ' ')
                  << base::printable(one.text) << ": "
                  << (one.became.empty() ? "not followed" : base::printable(one.became)) << '\n';
    }
}

void explain_mailbox(const delivery::settings& all, const delivery::action_settings& action, const std::string& user) {
    using method = delivery::action_settings::method;
    switch (action.by) {
        case method::mbox: std::cout << "mbox     " << all.mail_spool << '/' << user << '\n'; break;
        case method::maildir:
            std::cout << "maildir  " << (action.maildir ? action.maildir->text() : "Maildir in the user's home")
                      << '\n';
            break;
        case method::command: std::cout << "command  " << base::printable(action.mda->text()) << '\n'; break;
        case method::only_targets: break;
    }
}

void explain_local(const delivery::settings& all, const delivery::action_settings& action,
                   const spool::envelope& envelope) {
    if (!action.user.empty()) std::cout << "as       " << action.user << '\n';
    if (!envelope.extension.empty()) std::cout << "tag      " << base::printable(envelope.extension) << '\n';
    if (envelope.target.starts_with('|')) {
        std::cout << "command  " << base::printable(envelope.target.substr(1)) << '\n';
    } else if (!envelope.target.empty()) {
        std::cout << "file     " << base::printable(envelope.target) << '\n';
    } else {
        explain_mailbox(all, action, action.user.empty() ? envelope.user : action.user);
    }
}

void explain_rule(const rehearsed& done) {
    if (const rules::rule* rule = done.told.first_rule(); rule != nullptr) {
        std::cout << "rule     " << rule->line.file << ':' << rule->line.line << '\n';
    }
    for (const std::string& doubt : done.doubts) std::cout << "unsure   " << base::printable(doubt) << '\n';
}

int explain_refusal(const rehearsed& done, const mail::status& refused) {
    std::cout << "refused  " << base::printable(refused.line());
    if (!done.command.empty()) std::cout << " (to " << done.command << ')';
    std::cout << '\n';
    return refused.is_transient() ? EX_TEMPFAIL : 1;
}

async::awaitable<int> answer(const config::generation& settings, visit client, dns::resolver& dns,
                             rules::user_files& files) {
    const rehearsed done = co_await rehearse(settings, std::move(client), dns, files, *settings.clock);
    explain_rule(done);
    explain_expansion(done.told);
    if (const auto* refused = std::get_if<mail::status>(&done.answer)) co_return explain_refusal(done, *refused);
    for (const spool::envelope& one : std::get<std::vector<spool::envelope>>(done.answer)) {
        const std::string& action = one.hop.action;
        std::cout << "to       " << one.recipient.address.text() << '\n' << "action   \"" << action << "\"\n";
        if (!one.user.empty()) std::cout << "user     " << base::printable(one.user) << '\n';
        if (const auto relay = settings.relay.actions.find(action); relay != settings.relay.actions.end()) {
            co_await explain_relay(relay->second, one.recipient.address.host.text(), dns);
        }
        if (const auto local = settings.delivery.actions.find(action); local != settings.delivery.actions.end()) {
            explain_local(settings.delivery, local->second, one);
        }
    }
    co_return 0;
}

async::awaitable<int> answer_and_stop(const config::generation& settings, visit client, dns::resolver& dns,
                                      delivery::forward_reader& files) {
    const int code = co_await answer(settings, std::move(client), dns, files);
    co_await files.stop();
    co_return code;
}

}  // namespace

int explain(const configuration& from, const question& question) {
    one_question here;
    const auto settings = load_or_complain(from, here.io, false);
    if (!settings) return EX_CONFIG;
    auto client = visit_of(question, settings->inbound);
    if (const auto* wrong = std::get_if<std::string>(&client)) {
        std::cerr << "waypost explain: " << *wrong << '\n';
        return EX_USAGE;
    }
    const auto dns = dns::make_cares_resolver(here.loop.get_executor(), here.clock, settings->dns);
    observe::log log(settings->log);
    delivery::forward_reader files(here.loop.get_executor(), here.clock, log, here.io);
    return here.exit_code_of(answer_and_stop(*settings, std::get<visit>(std::move(client)), *dns, files));
}

}  // namespace waypost::cli
