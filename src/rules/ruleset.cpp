#include "waypost/rules/ruleset.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "waypost/base/ascii.hpp"
#include "waypost/table/services.hpp"

namespace waypost::rules {

namespace {

using subject = condition::subject;
using answer = base::result<bool>;

/// Said in full, because an error code converts to bool too.
answer could_not_ask(base::error_code why) { return answer(boost::system::in_place_error, why); }

bool is_local(const origin& from) {
    const auto* ip = std::get_if<net::address>(&from);
    return ip == nullptr || net::unmapped(*ip).is_loopback();
}

/// The key of the netaddr service.
std::string source_of(const origin& from) {
    const auto* ip = std::get_if<net::address>(&from);
    return ip == nullptr ? "local" : net::unmapped(*ip).to_string();
}

bool is_about_the_source(subject what) { return what >= subject::from_any && what <= subject::from_mail_from; }

bool needs_values(subject what) {
    switch (what) {
        case subject::tag:
        case subject::from_source:
        case subject::from_mail_from:
        case subject::for_domain:
        case subject::for_recipient:
        case subject::helo:
        case subject::mail_from:
        case subject::rcpt_to: return true;
        default: return false;
    }
}

template <class Service>
async::awaitable<answer> listed(const condition& one, std::string key, Service as = {}) {
    if (one.regex) {
        auto found = co_await table::find<table::regex>(*one.values, std::move(key));
        if (found.has_error()) co_return could_not_ask(found.error());
        co_return found->has_value();
    }
    auto found = co_await table::find(as, *one.values, std::move(key));
    if (found.has_error()) co_return could_not_ask(found.error());
    co_return found->has_value();
}

async::awaitable<answer> name_holds(const condition& one, const facts& about) {
    // Mail made here has no client whose name could be asked for.
    if (!about.rdns || !std::holds_alternative<net::address>(about.from)) co_return false;
    auto name = co_await about.rdns();
    if (name.has_error()) co_return could_not_ask(name.error());
    if (name->empty() || one.values == nullptr) co_return !name->empty();
    co_return co_await listed<table::domain>(one, std::move(*name));
}

}  // namespace

ruleset::ruleset(std::vector<std::unique_ptr<action>> actions, std::vector<rule> rules, addressing here)
    : actions_(std::move(actions)), rules_(std::move(rules)), here_(std::move(here)) {
    for (const auto& one : actions_) {
        const bool needs_users = !one->is_relay() && one->by != action::method::expand_only;
        if (needs_users && one->users == nullptr) {
            throw std::invalid_argument("action " + one->name + ": for local users, and no user base");
        }
        if (one->expand != action::expansion::none && one->expand_with == nullptr) {
            throw std::invalid_argument("action " + one->name + ": an expansion, and no table for it");
        }
    }
    for (const rule& one : rules_) {
        for (const condition& needed : one.conditions) {
            if (needed.values == nullptr && needs_values(needed.what)) {
                throw std::invalid_argument("line " + std::to_string(one.where.line) +
                                            ": a condition without its table");
            }
        }
    }
}

const action* ruleset::find_action(std::string_view name) const {
    const auto found = std::ranges::find(actions_, name, [](const auto& one) -> std::string_view { return one->name; });
    return found == actions_.end() ? nullptr : found->get();
}

bool ruleset::is_local_domain(std::string_view domain) const {
    return std::ranges::any_of(here_.local_names,
                               [domain](const std::string& one) { return base::iequals(one, domain); });
}

std::optional<bool> ruleset::holds_at_once(const condition& one, const facts& about) const {
    switch (one.what) {
        case subject::from_any:
        case subject::for_any: return true;
        case subject::from_local: return is_local(about.from);
        case subject::from_socket: return std::holds_alternative<local_socket>(about.from);
        case subject::for_local: return is_local_domain(about.recipient.host.text());
        case subject::tls: return about.tls;
        case subject::from_auth:
        case subject::auth:
            if (about.user.empty()) return false;
            if (one.values == nullptr) return true;
            return std::nullopt;
        case subject::helo:
            if (about.helo.empty()) return false;
            return std::nullopt;
        default: return std::nullopt;
    }
}

/// Conditions that ask a table or the DNS.
async::awaitable<answer> ruleset::ask(const condition& one, const facts& about) const {
    const table::mailaddr addresses{.tag_delimiter = here_.tag_delimiter};
    switch (one.what) {
        case subject::from_rdns: return name_holds(one, about);
        case subject::tag: return listed<table::string>(one, about.tag);
        case subject::from_auth:
        case subject::auth: return listed<table::string>(one, about.user);
        case subject::from_source: return listed<table::netaddr>(one, source_of(about.from));
        case subject::helo: return listed<table::domain>(one, about.helo);
        case subject::for_domain: return listed<table::domain>(one, about.recipient.host.text());
        case subject::for_recipient:
        case subject::rcpt_to: return listed(one, about.recipient.text(), addresses);
        case subject::from_mail_from:
        case subject::mail_from: return listed(one, about.sender.text(), addresses);
        case subject::from_any:
        case subject::from_local:
        case subject::from_socket:
        case subject::for_any:
        case subject::for_local:
        case subject::tls: break;  // holds_at_once() knows
    }
    throw std::logic_error("a condition without a way to ask for it");
}

async::awaitable<base::result<const rule*>> ruleset::match(const facts& about, match_trace* trace) const {
    for (const rule& candidate : rules_) {
        bool all = true;
        for (const condition& one : candidate.conditions) {
            if (candidate.authenticated_pass_source && !about.user.empty() && is_about_the_source(one.what)) continue;
            const std::optional<bool> at_once = holds_at_once(one, about);
            const answer holds = at_once ? answer(*at_once) : co_await ask(one, about);
            if (trace != nullptr) trace->push_back({.candidate = &candidate, .judged = &one, .holds = holds});
            if (holds.has_error()) co_return holds.error();
            if (*holds == one.negated) {
                all = false;
                break;
            }
        }
        if (all) co_return &candidate;
    }
    co_return nullptr;
}

}  // namespace waypost::rules
