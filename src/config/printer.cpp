// The model as text in the action/match grammar. What it prints, parse() reads back as the same model, secrets apart.
#include <algorithm>
#include <string>
#include <utility>

#include "printed_settings.hpp"
#include "printed_words.hpp"
#include "waypost/config/parse.hpp"
#include "waypost/config/secret_words.hpp"
#include "words.hpp"

namespace waypost::config {
namespace {

class printer {
public:
    explicit printer(const model& model) : model_(model) {}

    std::string run() {
        for (const std::string& one : printed_settings(model_)) line({one});
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
        std::string joined;
        for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
        text_ += joined + '\n';
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
        const auto look = [&](const std::optional<table_use>& at, bool* what = nullptr) {
            if (!at || at->name != definition.name) return;
            is_used = true;
            if (what != nullptr) *what = true;
        };
        for (const listener& each : model_.listeners) {
            look(each.passwords, &is_secret);
            look(each.senders);
        }
        for (const action& each : model_.actions) {
            look(each.auth, &is_secret);
            look(each.hosts, &is_host);
            look(each.by_domain, &is_host);
            look(each.helo_names);
            look(each.sources);
            look(each.alias);
            look(each.virtual_users);
            look(each.userbase);
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
        if (definition.cert) line({"pki", in_quotes(definition.name), "cert", in_quotes(definition.cert->text)});
        if (definition.key) line({"pki", in_quotes(definition.name), "key", in_quotes(definition.key->text)});
    }

    void listen(const listener& listener) {
        std::vector<std::string> words{"listen on", listener.socket ? "socket" : plain(listener.address)};
        const auto add_if = [&words](bool wanted, std::string word) {
            if (wanted) words.push_back(std::move(word));
        };
        if (listener.path) words.push_back("path " + in_quotes(listener.path->text));
        add_if(listener.family == address_family::inet4, "inet4");
        add_if(listener.family == address_family::inet6, "inet6");
        if (listener.port) words.push_back("port " + plain(listener.port->text));
        const std::string verify = listener.verify_client ? " verify" : "";
        if (listener.tls) words.push_back(listener.tls_require ? "tls-require" + verify : "tls");
        add_if(listener.smtps, "smtps" + verify);
        for (const located_string& name : listener.pki) words.push_back("pki " + in_quotes(name.text));
        if (listener.ca) words.push_back("ca " + in_quotes(listener.ca->text));
        if (listener.passwords) {
            words.emplace_back(listener.auth == auth_demand::required ? "auth" : "auth-optional");
            words.push_back(use(*listener.passwords, shown::no_secrets));
        }
        if (listener.senders)
            words.push_back("senders " + use(*listener.senders) + (listener.masquerade ? " masquerade" : ""));
        if (listener.hostname) words.push_back("hostname " + plain(listener.hostname->text));
        add_if(!listener.tag.empty(), "tag " + in_quotes(listener.tag));
        add_if(listener.mask_source, "mask-src");
        add_if(listener.received_auth, "received-auth");
        add_if(listener.no_dsn, "no-dsn");
        add_if(listener.refuse_bare_lf, "bare-lf refuse");
        line(words);
    }

    void act(const action& one) {
        // The name of an action of 2012 is what it says.
        std::vector<std::string> words{"action", in_quotes(without_secrets(one.name))};
        const auto add_table = [&words](std::string_view word, const std::optional<table_use>& of,
                                        shown style = shown::everything) {
            if (of) words.push_back(std::string(word) + " " + use(*of, style));
        };
        const auto add = [&words](std::string_view word, const std::optional<located_string>& target) {
            if (target) words.push_back(std::string(word) + " " + in_quotes(target->text));
        };
        const auto add_text = [&words](const located_string& of) {
            if (!of.text.empty()) words.push_back(in_quotes(of.text));
        };
        words.emplace_back(word_of(one.by));
        if (one.by != action::method::relay) {
            add_text(one.path);
            if (!one.command.text.empty()) words.push_back(in_quotes(command_without_secrets(one.command.text)));
            add_text(one.lmtp);
            if (one.junk) words.emplace_back("junk");
            if (one.rcpt_to) words.emplace_back("rcpt-to");
            add("user", one.user);
            add("wrapper", one.wrapper);
            add_table("alias", one.alias);
            add_table("virtual", one.virtual_users);
            add_table("userbase", one.userbase);
        } else {
            add_table("host", one.hosts, shown::urls);
            if (one.ordered) words.emplace_back("ordered");
            add_table("domain", one.by_domain, shown::urls);
            if (one.backup)
                words.push_back(one.backup->text.empty() ? "backup" : "backup mx " + plain(one.backup->text));
            add_table("auth", one.auth, shown::no_secrets);
            if (one.tls) words.emplace_back(one.no_verify ? "tls no-verify" : "tls");
            add_table("src", one.sources);
            add("helo", one.helo);
            add_table("helo-src", one.helo_names);
            add("mail-from", one.mail_from);
            add("pki", one.pki);
            add("ca", one.ca);
            if (one.srs) words.emplace_back("srs");
        }
        if (one.ttl) words.push_back("ttl " + delay(*one.ttl));
        line(words);
    }

    static std::string_view words_of(subject subject) {
        switch (subject) {
            case subject::tag: return "tag";
            case subject::from_any: return "from any";
            case subject::from_local: return "from local";
            case subject::from_socket: return "from socket";
            case subject::from_source: return "from src";
            case subject::from_rdns: return "from rdns";
            case subject::from_auth: return "from auth";
            case subject::from_mail_from: return "from mail-from";
            case subject::for_any: return "for any";
            case subject::for_local: return "for local";
            case subject::for_domain: return "for domain";
            case subject::for_recipient: return "for rcpt-to";
            case subject::helo: return "helo";
            case subject::auth: return "auth";
            case subject::tls: return "tls";
            case subject::mail_from: return "mail-from";
            case subject::rcpt_to: break;
        }
        return "rcpt-to";
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
