#include <sysexits.h>

#include <iostream>

#include "commands.hpp"
#include "one_question.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/delivery/deputy_files.hpp"
#include "waypost/dns/mx_lookup.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/relay/entries.hpp"
#include "waypost/rules/expansion.hpp"
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

void explain_url(const relay::action_settings& action, const std::string& text) {
    const auto parsed = mail::parse_relay_url(text);
    const auto* url = std::get_if<mail::relay_url>(&parsed);
    if (url == nullptr) return;
    std::cout << "relay    " << url->text() << '\n';
    if (!url->label.empty()) {
        // A row of a live table may have a label where the action has no `auth`.
        const auto* labels = action.credentials;
        std::cout << "label    " << url->label
                  << (labels != nullptr ? " of table <" + labels->name() + ">" : ", but the action has no auth table")
                  << '\n';
    }
    explain_tls(action, *url);
}

void explain_no_answer(const table::table& rows, const base::error_code& why) {
    std::cout << "relay    not known now: table <" << rows.name() << ">: " << why.message() << '\n';
}

async::awaitable<> explain_urls(const relay::action_settings& action) {
    const auto urls = co_await relay::entries_in_order(*action.hosts, table::service::relayhost);
    if (urls.has_error()) co_return explain_no_answer(*action.hosts, urls.error());
    for (const std::string& each : *urls) explain_url(action, each);
}

async::awaitable<> explain_url_of(const relay::action_settings& action, const std::string& domain) {
    const auto url = co_await table::find<table::relayhost>(*action.by_domain, domain);
    if (url.has_error()) co_return explain_no_answer(*action.by_domain, url.error());
    if (url->has_value()) co_return explain_url(action, **url);
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
        co_await explain_urls(action);
    } else if (action.by_domain != nullptr) {
        co_await explain_url_of(action, domain);
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
                   const rules::destination& to) {
    if (!action.user.empty()) std::cout << "as       " << action.user << '\n';
    if (!to.extension.empty()) std::cout << "tag      " << base::printable(to.extension) << '\n';
    if (to.target.starts_with('|')) {
        std::cout << "command  " << base::printable(to.target.substr(1)) << '\n';
    } else if (!to.target.empty()) {
        std::cout << "file     " << base::printable(to.target) << '\n';
    } else {
        explain_mailbox(all, action, action.user.empty() ? to.user : action.user);
    }
}

async::awaitable<int> answer(const config::loaded& settings, rules::facts about, dns::resolver& dns,
                             rules::user_files& files) {
    const auto rule = co_await settings.rules->match(about);
    if (rule.has_value() && *rule != nullptr) {
        std::cout << "rule     " << (*rule)->where.file << ':' << (*rule)->where.line << '\n';
    }
    rules::expansion_trace told;
    const auto found = co_await rules::resolve(*settings.rules, about, files, &told);
    explain_expansion(told);
    if (const auto* refused = std::get_if<mail::status>(&found)) {
        std::cout << "refused  " << refused->line() << '\n';
        co_return refused->is_transient() ? EX_TEMPFAIL : 1;
    }
    for (const rules::destination& to : std::get<std::vector<rules::destination>>(found)) {
        std::cout << "to       " << to.to.text() << '\n' << "action   \"" << to.by->name << "\"\n";
        if (!to.user.empty()) std::cout << "user     " << base::printable(to.user) << '\n';
        if (const auto relay = settings.relay.actions.find(to.by->name); relay != settings.relay.actions.end()) {
            co_await explain_relay(relay->second, to.to.host.text(), dns);
        }
        if (const auto local = settings.delivery.actions.find(to.by->name); local != settings.delivery.actions.end()) {
            explain_local(settings.delivery, local->second, to);
        }
    }
    co_return 0;
}

async::awaitable<int> answer_and_stop(const config::loaded& settings, rules::facts about, dns::resolver& dns,
                                      delivery::deputy_files& files) {
    const int code = co_await answer(settings, std::move(about), dns, files);
    co_await files.stop();
    co_return code;
}

std::optional<rules::facts> facts_of(const question& asked) {
    const std::string bare = asked.from == "<>" ? "" : asked.from;
    const auto from = mail::reverse_path::from_text(bare);
    const auto to = mail::mailbox::parse(asked.to);
    rules::origin where = rules::local_socket{};
    if (!asked.from_ip.empty()) {
        const auto ip = net::parse_address(asked.from_ip);
        if (!ip) return std::nullopt;
        where = *ip;
    }
    if (!from || !to) return std::nullopt;
    return rules::facts{.from = where,
                        .tag = {},
                        .helo = {},
                        .user = asked.user,
                        .tls = !asked.user.empty(),
                        .sender = *from,
                        .recipient = *to,
                        .at = std::chrono::system_clock::now(),
                        .rdns = {}};
}

}  // namespace

int explain(const configuration& from, const question& asked) {
    const auto about = facts_of(asked);
    if (!about) {
        std::cerr << "waypost explain: FROM and TO are mail addresses (FROM may be <>), --from-ip an IP address\n";
        return EX_USAGE;
    }
    one_question here;
    const auto settings = load_or_complain(from, here.io, false);
    if (!settings) return EX_CONFIG;
    const auto dns = dns::make_cares_resolver(here.loop.get_executor(), here.clock, settings->dns);
    observe::log log(settings->log);
    delivery::deputy_files files(here.loop.get_executor(), here.clock, log, here.io);
    return here.exit_code_of(answer_and_stop(*settings, *about, *dns, files));
}

}  // namespace waypost::cli
