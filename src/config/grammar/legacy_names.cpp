// Names for the actions of 2012 rules.
//
// The queue stores an action by its name, so the name must come from what the action is and never from where it stands:
// "maildir", "relay tls+auth://bleh@mail.poolp.org". The credentials table is left out while that leaves no doubt.
#include <algorithm>
#include <map>
#include <set>

#include "grammar.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::config {
namespace {

constexpr std::size_t longest_name = 200;

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
}

enum class show_values { no, yes };

std::string in_words(const table_use& use, show_values values) {
    if (!use.name.empty()) return "<" + use.name + ">";
    if (use.rows.rows.size() == 1 && !use.rows.is_map) return use.rows.rows.front().key;
    std::string text;
    for (const table_row& row : use.rows.rows) {
        text += (text.empty() ? "{" : ", ") + row.key;
        if (use.rows.is_map && values == show_values::yes) text += " = " + row.value;
    }
    return text + "}";
}

std::string without_credentials(const action& action) {
    std::string text(word_of(action.by));
    const auto add = [&text](std::string_view word, const std::string& value) {
        text += " ";
        if (!word.empty()) text += std::string(word) + " ";
        text += value;
    };
    if (!action.path.text.empty()) add("", action.path.text);
    if (!action.command.text.empty()) add("", action.command.text);
    if (!action.lmtp.text.empty()) add("", action.lmtp.text);
    if (action.rcpt_to) add("", "rcpt-to");
    if (action.user) add("user", action.user->text);
    if (action.hosts) add("", in_words(*action.hosts, show_values::yes));
    if (action.alias) add("alias", in_words(*action.alias, show_values::yes));
    if (action.virtual_users) add("virtual", in_words(*action.virtual_users, show_values::yes));
    if (action.userbase) add("userbase", in_words(*action.userbase, show_values::yes));
    if (action.relay.tls) add("tls", action.relay.no_verify ? "no-verify" : "verify");
    if (action.sources) add("source", in_words(*action.sources, show_values::yes));
    if (action.relay.ordered) add("", "ordered");
    if (action.by_domain) add("domain", in_words(*action.by_domain, show_values::yes));
    if (action.relay.backup) add("backup", *action.relay.backup);
    if (!action.relay.helo.empty()) add("hostname", action.relay.helo);
    if (action.helo_names) add("hostnames", in_words(*action.helo_names, show_values::yes));
    if (!action.relay.mail_from.empty()) add("as", action.relay.mail_from);
    if (action.pki) add("pki", action.pki->text);
    if (action.ca) add("ca", action.ca->text);
    if (action.ttl) add("expire", std::to_string(action.ttl->count()) + "s");
    return text;
}

/// A long list of hosts is a name nobody reads: its beginning, and what tells it from others.
std::string shortened(std::string text) {
    text = base::printable(text, 16U << 10);
    if (text.size() <= longest_name) return text;
    const std::string hash = base::hex(fnv1a(text));
    return text.substr(0, longest_name - hash.size() - 2) + " #" + hash;
}

}  // namespace

void name_legacy_actions(grammar& g) {
    std::set<std::string> taken;
    for (const action& one : g.model.actions) taken.insert(one.name);
    std::map<std::string, std::string> known;  // everything about an action -> its name
    for (nameless_action& one : g.nameless) {
        const std::string plain = without_credentials(one.action);
        // With the secrets: two inline tables that differ in them alone are two actions. It is compared, not shown.
        const std::string everything =
            plain + (one.action.auth ? " auth " + in_words(*one.action.auth, show_values::yes) : "");
        auto [entry, is_new] = known.try_emplace(everything);
        if (is_new) {
            std::string name = shortened(plain);
            if (taken.contains(name) && one.action.auth) {
                name = shortened(plain + " auth " + in_words(*one.action.auth, show_values::no));
            }
            const std::string base = name;
            for (int n = 2; taken.contains(name); ++n) name = base + " (" + std::to_string(n) + ")";
            taken.insert(name);
            entry->second = name;
            one.action.name = std::move(name);
            g.model.actions.push_back(std::move(one.action));
        }
        g.model.rules[one.rule].action->text = entry->second;
    }
}

}  // namespace waypost::config
