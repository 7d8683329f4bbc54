// A house with users of its own: example.org is local, lists.org only expands, away.org only forwards, forward.org has
// a relay of its own. Mail goes out for what is made here, or anybody authenticated.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/fake_table.hpp"
#include "support/fake_user_files.hpp"
#include "support/run_to_end.hpp"
#include "waypost/rules/expansion.hpp"

namespace waypost::test {

class rules_house {
public:
    using expansion = rules::action::expansion;
    using method = rules::action::method;

    explicit rules_house(expansion expand, std::map<std::string, std::string> given = {}, char tag_delimiter = '+',
                         std::shared_ptr<const mail::srs> srs = nullptr)
        : rows(std::move(given)) {
        const auto add = [&](std::string name, method method, expansion how, const std::string& domain) {
            auto made = std::make_unique<rules::action>();
            made->name = std::move(name);
            made->kind = method;
            made->expand = how;
            made->expand_with = &rows;
            made->users = made->is_relay() ? nullptr : &users;
            made->reads_forward = !made->is_relay();
            actions_.push_back(std::move(made));
            if (!domain.empty()) add_rule(domain, actions_.back().get());
            return actions_.back().get();
        };
        add_rule("refused.org", nullptr);
        local = add("local", method::local, expand, "example.org");
        expand_only = add("lists", method::expand_only, expand, "lists.org");
        forward_only = add("away", method::forward_only, expand, "away.org");
        store = add("store", method::mailbox_store, expand, "store.org");
        forward = add("forward", method::relay_host, expand, "forward.org");
        out = add("out", method::relay_by_domain, expansion::none, "");
        lines_.push_back(
            {.conditions = {{.tested = rules::condition::subject::from_local}}, .outcome = out, .line = {"conf", 99}});
        rules.emplace(
            std::move(actions_), std::move(lines_),
            rules::addressing{.local_names = {"localhost"}, .tag_delimiter = tag_delimiter, .srs = std::move(srs)});
    }

    rules::resolution resolve(const std::string& recipient, rules::expansion_trace* trace = nullptr) {
        rules::envelope_context about{.origin = boost::asio::ip::make_address("192.0.2.1"),
                                      .tag = {},
                                      .helo = {},
                                      .user = {},
                                      .sender = {},
                                      .recipient = *mail::mailbox::parse(recipient),
                                      .rdns = {}};
        return run_to_end(rules::resolve(*rules, about, files, trace));
    }

    std::string status(const std::string& recipient) {
        auto given = resolve(recipient);
        if (const auto* said = std::get_if<mail::status>(&given)) {
            return std::to_string(said->code()) + " " + said->enhanced().text();
        }
        return "accepted";
    }

    /// "action address", then "user+extension" and "target" where there are; in the order in which they were found.
    std::vector<std::string> ways(const std::string& recipient) {
        auto given = resolve(recipient);
        if (const auto* said = std::get_if<mail::status>(&given)) return {said->line()};
        std::vector<std::string> found;
        for (const rules::resolved_recipient& one : std::get<0>(given)) {
            CHECK(one.because != nullptr);
            CHECK(one.because->outcome == one.action);
            std::string text = one.action->name + " " + one.recipient.text();
            if (!one.user.empty()) text += " " + one.user;
            if (!one.extension.empty()) text += "+" + one.extension;
            if (!one.target.empty()) text += " " + one.target;
            found.push_back(text);
        }
        return found;
    }

    fake_table rows;
    fake_table users{{{"alice", "1:1:/home/alice"}, {"bob", "2:2:/home/bob"}, {"root", "0:0:/root"}}};
    fake_user_files files;
    rules::action* local = nullptr;
    rules::action* expand_only = nullptr;
    rules::action* forward_only = nullptr;
    rules::action* store = nullptr;
    rules::action* forward = nullptr;
    rules::action* out = nullptr;
    std::map<std::string, fake_table> domains;
    std::optional<rules::ruleset> rules;

private:
    void add_rule(const std::string& domain, const rules::action* then) {
        using subject = rules::condition::subject;
        domains[domain].rows = {{domain, ""}};
        lines_.push_back(
            {.conditions = {{.tested = subject::from_any}, {.tested = subject::for_domain, .values = &domains[domain]}},
             .outcome = then,
             .line = {"conf", lines_.size() + 1}});
    }

    std::vector<std::unique_ptr<rules::action>> actions_;
    std::vector<rules::rule> lines_;
};

}  // namespace waypost::test
