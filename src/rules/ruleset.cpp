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
answer could_not_ask(base::error_code error) { return answer(boost::system::in_place_error, error); }

bool is_local(const origin& origin) {
    const auto* ip = std::get_if<net::address>(&origin);
    return ip == nullptr || net::unmapped(*ip).is_loopback();
}

/// The key of the netaddr service.
std::string source_of(const origin& origin) {
    const auto* ip = std::get_if<net::address>(&origin);
    return ip == nullptr ? "local" : net::unmapped(*ip).to_string();
}

bool is_about_the_source(subject subject) { return subject >= subject::from_any && subject <= subject::from_mail_from; }

bool needs_values(subject subject) {
    switch (subject) {
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
async::awaitable<answer> listed(const condition& condition, std::string key, Service service_type = {}) {
    if (condition.regex) {
        auto found = co_await table::find<table::regex>(*condition.values, std::move(key));
        if (found.has_error()) co_return could_not_ask(found.error());
        co_return found->has_value();
    }
    auto found = co_await table::find(service_type, *condition.values, std::move(key));
    if (found.has_error()) co_return could_not_ask(found.error());
    co_return found->has_value();
}

async::awaitable<answer> name_holds(const condition& condition, const envelope_context& envelope_context) {
    // Mail made here has no client whose name could be asked for.
    if (!envelope_context.rdns || !std::holds_alternative<net::address>(envelope_context.origin)) co_return false;
    auto name = co_await envelope_context.rdns();
    if (name.has_error()) co_return could_not_ask(name.error());
    if (name->empty() || condition.values == nullptr) co_return !name->empty();
    co_return co_await listed<table::domain>(condition, std::move(*name));
}

}  // namespace

ruleset::ruleset(std::vector<std::unique_ptr<action>> actions, std::vector<rule> rules, addressing addressing)
    : actions_(std::move(actions)), rules_(std::move(rules)), addressing_(std::move(addressing)) {
    for (const auto& one : actions_) {
        const bool needs_users = !one->is_relay() && one->kind != action::method::expand_only;
        if (needs_users && one->users == nullptr) {
            throw std::invalid_argument("action " + one->name + ": for local users, and no user base");
        }
        if (one->expand != action::expansion::none && one->expand_with == nullptr) {
            throw std::invalid_argument("action " + one->name + ": an expansion, and no table for it");
        }
    }
    for (const rule& one : rules_) {
        for (const condition& needed : one.conditions) {
            if (needed.values == nullptr && needs_values(needed.tested)) {
                throw std::invalid_argument("line " + std::to_string(one.line.line) +
                                            ": a condition without its table");
            }
        }
    }
}

const action* ruleset::find_action(std::string_view name) const {
    const auto found =
        std::ranges::find(actions_, name, [](const auto& entry) -> std::string_view { return entry->name; });
    return found == actions_.end() ? nullptr : found->get();
}

bool ruleset::is_local_domain(std::string_view domain) const {
    return std::ranges::any_of(addressing_.local_names,
                               [domain](const std::string& text) { return base::iequals(text, domain); });
}

std::optional<bool> ruleset::holds_at_once(const condition& condition, const envelope_context& envelope_context) const {
    switch (condition.tested) {
        case subject::from_any:
        case subject::for_any: return true;
        case subject::from_local: return is_local(envelope_context.origin);
        case subject::from_socket: return std::holds_alternative<local_socket>(envelope_context.origin);
        case subject::for_local: return is_local_domain(envelope_context.recipient.host.text());
        case subject::tls: return envelope_context.tls;
        case subject::from_auth:
        case subject::auth:
            if (envelope_context.user.empty()) return false;
            if (condition.values == nullptr) return true;
            return std::nullopt;
        case subject::helo:
            if (envelope_context.helo.empty()) return false;
            return std::nullopt;
        default: return std::nullopt;
    }
}

/// Conditions that ask a table or the DNS.
async::awaitable<answer> ruleset::ask(const condition& one, const envelope_context& envelope_context) const {
    const table::mailaddr addresses{.tag_delimiter = addressing_.tag_delimiter};
    switch (one.tested) {
        case subject::from_rdns: return name_holds(one, envelope_context);
        case subject::tag: return listed<table::string>(one, envelope_context.tag);
        case subject::from_auth:
        case subject::auth: return listed<table::string>(one, envelope_context.user);
        case subject::from_source: return listed<table::netaddr>(one, source_of(envelope_context.origin));
        case subject::helo: return listed<table::domain>(one, envelope_context.helo);
        case subject::for_domain: return listed<table::domain>(one, envelope_context.recipient.host.text());
        case subject::for_recipient:
        case subject::rcpt_to: return listed(one, envelope_context.recipient.text(), addresses);
        case subject::from_mail_from:
        case subject::mail_from: return listed(one, envelope_context.sender.text(), addresses);
        case subject::from_any:
        case subject::from_local:
        case subject::from_socket:
        case subject::for_any:
        case subject::for_local:
        case subject::tls: break;  // holds_at_once() knows
    }
    throw std::logic_error("a condition without a way to ask for it");
}

async::awaitable<base::result<const rule*>> ruleset::match(const envelope_context& envelope_context,
                                                           match_trace* trace) const {
    for (const rule& candidate : rules_) {
        bool all = true;
        for (const condition& one : candidate.conditions) {
            if (candidate.authenticated_pass_source && !envelope_context.user.empty() &&
                is_about_the_source(one.tested))
                continue;
            const std::optional<bool> at_once = holds_at_once(one, envelope_context);
            const answer holds = at_once ? answer(*at_once) : co_await ask(one, envelope_context);
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
