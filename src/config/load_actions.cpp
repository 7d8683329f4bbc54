// Actions that relay. Those that deliver here: load_local.cpp.
#include <algorithm>

#include "client_contexts.hpp"
#include "credential_values.hpp"
#include "loading.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/table/services.hpp"

namespace waypost::config {
namespace {

/// "write X", unless it is a whole piece of advice already.
std::string advice(const std::string& instead) {
    const bool is_whole = instead.starts_with("did you mean") || instead.starts_with("remove");
    return is_whole ? instead : "write " + instead;
}

using mail::transport_security;

/// Also of a list, which is a fault of its own.
bool has_label(const table::entries& credentials, std::string_view label) {
    if (!credentials.is_map && !credentials.rows.empty()) return true;
    return std::any_of(credentials.rows.begin(), credentials.rows.end(),
                       [&](const auto& row) { return base::iequals(row.first, label); });
}

class relay_action {
public:
    relay_action(loading& now, const action& of) : now_(now), of_(of) {
        if (of.auth) credentials_ = now.tables.find_credentials(*of.auth);
        if (of.hosts) hosts_ = now.tables.find(*of.hosts);
        if (of.by_domain) by_domain_ = now.tables.find_map(*of.by_domain, "domain");
        if (of.sources) sources_ = now.tables.find(*of.sources);
        if (of.helo_names) helo_names_ = now.tables.find_map(*of.helo_names, "helo-src");
    }

    void check() {
        check_credentials();
        check_sources();
        check_helo_names();
        if (of_.srs && now_.to.srs == nullptr) {
            now_.faults.fault(*of_.srs, "\"srs\" without a key", "write a line srs key \"a long secret\"");
        }
        if (by_domain_ != nullptr) check_urls(*by_domain_);
        if (hosts_ == nullptr) return;
        if (hosts_->knows_rows() && hosts_->content().rows.empty()) {
            now_.faults.warn(of_.hosts->where, "the table of \"host\" is empty: mail will wait",
                             "write a relay URL in it");
        }
        check_urls(*hosts_);
    }

    [[nodiscard]] relay::action_settings settings() const {
        relay::action_settings made;
        made.name = of_.name;
        if (hosts_ != nullptr) made.hosts = hosts_->get();
        made.ordered = of_.ordered;
        if (by_domain_ != nullptr) made.by_domain = by_domain_->get();
        if (of_.backup) made.backup = of_.backup->text;
        if (helo_names_ != nullptr) made.helo_names = helo_names_->get();
        if (credentials_ != nullptr) made.credentials = credentials_->get();
        if (sources_ != nullptr) made.sources = sources_->get();
        if (of_.helo) made.helo = of_.helo->text;
        if (of_.tls) made.tls = transport_security::starttls;
        made.no_verify = of_.no_verify;
        if (of_.mail_from) made.mail_from = of_.mail_from->text;
        if (of_.srs) made.srs = now_.to.srs;
        return made;
    }

private:
    /// `smtp+tls://x` in a file whose lines are split at the colon.
    [[nodiscard]] static bool is_split_url(const shelved& table, std::size_t row) {
        return table.is_file() && table.content().is_map && table.content().rows[row].second.starts_with("//");
    }

    void check_urls(const shelved& table) {
        for (std::size_t row = 0; row < table.content().rows.size(); ++row) check_url(table, row);
    }

    void check_url(const shelved& table, std::size_t row) {
        const location where = table.where(row);
        if (is_split_url(table, row)) {
            now_.faults.fault(where, "a relay URL is split at its colon",
                              "write \"# @list\" as the first line of the file");
            return;
        }
        auto judged = mail::usable_relay_url(table.fetched(row), {of_.auth.has_value(), of_.tls});
        if (auto* wrong = std::get_if<mail::relay_url_error>(&judged)) {
            now_.faults.fault(where, std::move(wrong->what), advice(wrong->instead));
        } else if (const auto& url = std::get<mail::relay_url>(judged); !url.label.empty()) {
            check_label(url, where);
        }
    }

    void check_label(const mail::relay_url& url, const location& where) {
        if (!url.port && url.effective_port() == 25) {
            now_.faults.warn(where, url.text() + " means port 25, and most providers take a login on port 587 only",
                             "write " + url.text() + ":587, or :25 if it is meant");
        }
        if (credentials_ != nullptr && credentials_->knows_rows() && !has_label(credentials_->content(), url.label)) {
            now_.faults.warn(where,
                             "the label \"" + base::printable(url.label, 64) + "\" is not in the table " +
                                 base::printable(credentials_->name(), 128) + ": mail will wait for it",
                             "write there " + base::printable(url.label, 64) + " = \"user:password\"");
        }
    }

    void check_credentials() {
        if (credentials_ == nullptr) return;
        const table::entries& content = credentials_->content();
        if (!content.is_map && !content.rows.empty()) {
            now_.faults.fault(of_.auth->where, "the table of \"auth\" is a list",
                              "write rows of the form label = \"user:password\"");
            return;
        }
        for (std::size_t row = 0; row < content.rows.size(); ++row) {
            const auto wrong = fault_of_credentials(content.rows[row].second);
            if (!wrong) continue;
            now_.faults.fault(
                credentials_->where(row),
                "the credentials of \"" + base::printable(content.rows[row].first, 64) + "\" cannot be used: " + *wrong,
                "write label = \"user:password\"");
        }
    }

    void check_helo_names() {
        if (helo_names_ != nullptr) check_rows(now_, *helo_names_, &table::addrname::fault_of);
    }

    void check_sources() {
        if (sources_ == nullptr) return;
        for (std::size_t row = 0; row < sources_->content().rows.size(); ++row) {
            auto wrong = table::source::fault_of({}, sources_->fetched(row));
            if (!wrong) continue;
            if (sources_->is_file() && sources_->content().is_map) {
                wrong->instead = "write \"# @list\" as the first line of a file with IPv6 addresses";
            }
            now_.faults.fault(sources_->where(row), std::move(wrong->what), std::move(wrong->instead));
        }
    }

    loading& now_;
    const action& of_;
    const shelved* credentials_ = nullptr;
    const shelved* hosts_ = nullptr;
    const shelved* by_domain_ = nullptr;
    const shelved* sources_ = nullptr;
    const shelved* helo_names_ = nullptr;
};

}  // namespace

void load_actions(loading& now) {
    client_contexts contexts(now);
    for (const action& one : now.from.actions) {
        if (one.by != action::method::relay) {
            load_local_action(now, one);
        } else {
            relay_action relay(now, one);
            relay.check();
            relay::action_settings made = relay.settings();
            contexts.add(one, made);
            now.to.relay.actions.insert_or_assign(one.name, std::move(made));
        }
        if (one.by == action::method::lmtp) {
            relay::action_settings made = lmtp_settings(now, one);
            contexts.add(one, made);
            now.to.relay.actions.insert_or_assign(one.name, std::move(made));
        }
    }
}

}  // namespace waypost::config
