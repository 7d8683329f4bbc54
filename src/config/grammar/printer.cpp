// The model as text in the action/match grammar. What it prints, parse() reads back as the same model, secrets apart.
#include <algorithm>
#include <string>
#include <utility>

#include "grammar.hpp"
#include "option.hpp"
#include "printed_words.hpp"
#include "settings.hpp"
#include "waypost/config/grammar/parse.hpp"
#include "waypost/config/syntax/secret_words.hpp"

namespace waypost::config {
namespace {

class printer {
public:
    explicit printer(const model& model) : model_(model) {}

    std::string run() {
        for (const std::string& one : print_options(model_, {}, daemon_settings())) line({one});
        section();
        for (const table_definition& one : model_.tables) table(one);
        section();
        for (const pki_definition& one : model_.pki) pki(one);
        for (const ca_definition& one : model_.ca) line({"ca", in_quotes(one.name), "cert", in_quotes(one.cert.text)});
        section();
        for (const listener& one : model_.listeners) listen(one);
        section();
        for (const wrapper_definition& one : model_.wrappers)
            line({"mda wrapper", in_quotes(one.name), in_quotes(command_without_secrets(one.command.text))});
        for (const action& one : model_.actions) act(one);
        section();
        for (const rule& one : model_.rules) match(one);
        return std::move(text_);
    }

private:
    void line(const std::vector<std::string>& words) {
        if (std::exchange(section_, false) && !text_.empty()) text_ += '\n';
        text_ += joined(words) + '\n';
    }
    void section() { section_ = true; }

    [[nodiscard]] static std::string origin(const table_definition& definition) {
        const std::string text = definition.backend + ":" + definition.argument;
        return in_quotes(definition.backend == "proc" ? command_without_secrets(text) : without_secrets(text));
    }

    void table(const table_definition& definition) {
        if (!definition.backend.empty()) {
            std::vector<std::string> words{"table", table_name(definition.name), origin(definition)};
            if (definition.user) words.push_back("user " + in_quotes(definition.user->text));
            return line(words);
        }
        line({"table", table_name(definition.name), rows(definition.rows, what_to_show(definition))});
    }

    /// A map that nothing uses may be one of credentials too.
    [[nodiscard]] shown what_to_show(const table_definition& definition) const {
        bool is_used = false;
        bool is_asked = false;
        bool is_host = false;
        bool is_secret = false;
        const auto look = [&](const table_use& use, shown style) {
            if (use.name != definition.name) return;
            is_used = true;
            is_secret = is_secret || style == shown::no_secrets;
            is_host = is_host || style == shown::urls;
        };
        for (const listener& each : model_.listeners) {
            if (each.passwords) look(*each.passwords, shown::no_secrets);
            if (each.senders) look(*each.senders, shown::everything);
        }
        for (const action& each : model_.actions) {
            visit_tables(each, relay_options(), look);
            visit_tables(each, local_options(), look);
        }
        for (const rule& each : model_.rules) {
            for (const condition& part : each.conditions)
                is_asked = is_asked || (part.values && part.values->name == definition.name);
        }
        if (is_secret || (!is_used && !is_asked && definition.rows.is_map)) return shown::no_secrets;
        if (!is_used) return is_asked ? shown::keys : shown::unused;
        return is_host ? shown::urls : shown::everything;
    }

    void pki(const pki_definition& definition) {
        for (const std::string& file : print_options(definition, {}, pki_options()))
            line({"pki", in_quotes(definition.name), file});
    }

    void listen(const listener& listener) {
        std::vector<std::string> words{"listen on", listener.socket ? "socket" : plain(listener.address)};
        append(words, print_options(listener, {}, listener.socket ? socket_listener_options() : listener_options()));
        line(words);
    }

    void act(const action& action) {
        // The name of an action of 2012 is what it says.
        std::vector<std::string> words{"action", in_quotes(without_secrets(action.name)),
                                       std::string(word_of(action.by))};
        if (!action.path.text.empty()) words.push_back(in_quotes(action.path.text));
        if (!action.command.text.empty()) words.push_back(in_quotes(command_without_secrets(action.command.text)));
        if (!action.lmtp.text.empty()) words.push_back(in_quotes(action.lmtp.text));
        append(words, print_options(action, {},
                                    action.by == config::action::method::relay ? relay_options() : local_options()));
        line(words);
    }

    static void append(std::vector<std::string>& words, std::vector<std::string> more) {
        std::ranges::move(more, std::back_inserter(words));
    }

    static bool is_source(const condition& condition) {
        return condition.subject >= subject::from_any && condition.subject <= subject::from_mail_from;
    }

    void match_line(const rule& rule, bool of_authenticated) {
        std::vector<std::string> words{"match"};
        for (const condition& each : rule.conditions) {
            if (of_authenticated && is_source(each)) {
                words.emplace_back("from auth");
                continue;
            }
            std::string text(each.negated ? "!" : "");
            text += words_of(each.subject);
            if (each.regex) text += " regex";
            if (each.values) text += " " + use(*each.values, shown::keys);
            words.push_back(std::move(text));
        }
        words.push_back(rule.action ? "action " + in_quotes(without_secrets(rule.action->text)) : "reject");
        line(words);
    }

    void match(const rule& rule) {
        match_line(rule, false);
        const bool anybody = std::any_of(
            rule.conditions.begin(), rule.conditions.end(),
            [](const condition& condition) { return condition.subject == subject::from_any && !condition.negated; });
        if (rule.authenticated_pass_source && !anybody) match_line(rule, true);
    }

    const model& model_;
    std::string text_;
    bool section_ = false;
};

}  // namespace

std::string print(const model& model) { return printer(model).run(); }

}  // namespace waypost::config
