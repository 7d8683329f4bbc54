// Actions that relay. Those that deliver here: load_local.cpp.
#include <algorithm>

#include "client_contexts.hpp"
#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/table/services.hpp"

namespace waypost::config {
namespace {

/// "write X", unless it is a whole piece of advice already.
std::string advice(const std::string& hint) {
    const bool is_whole = hint.starts_with("did you mean") || hint.starts_with("remove");
    return is_whole ? hint : "write " + hint;
}

/// Also of a list, which is a fault of its own.
bool has_label(const table::entries& credentials, std::string_view label) {
    if (!credentials.is_map && !credentials.rows.empty()) return true;
    return std::any_of(credentials.rows.begin(), credentials.rows.end(),
                       [&](const auto& row) { return base::iequals(row.first, label); });
}

class relay_action {
public:
    relay_action(load_context& context, const action& action) : now_(context), action_(action) {
        if (action.auth) credentials_ = context.tables.find_credentials(*action.auth);
        if (action.hosts) hosts_ = context.tables.find(*action.hosts);
        if (action.by_domain) by_domain_ = context.tables.find_map(*action.by_domain, "domain");
        if (action.sources) sources_ = context.tables.find(*action.sources);
        if (action.helo_names) helo_names_ = context.tables.find_map(*action.helo_names, "helo-src");
    }

    void check() {
        check_credentials();
        check_sources();
        check_helo_names();
        if (action_.srs && now_.result.srs == nullptr) {
            now_.faults.fault(*action_.srs, "\"srs\" without a key", "write a line srs key \"a long secret\"");
        }
        if (by_domain_ != nullptr) check_urls(*by_domain_);
        if (hosts_ == nullptr) return;
        if (hosts_->knows_rows() && hosts_->content().rows.empty()) {
            now_.faults.warn(action_.hosts->location, "the table of \"host\" is empty: mail will wait",
                             "write a relay URL in it");
        }
        check_urls(*hosts_);
    }

    [[nodiscard]] relay::action_settings settings() const {
        relay::action_settings made = action_.relay;
        made.name = action_.name;
        if (hosts_ != nullptr) made.hosts = hosts_->get();
        if (by_domain_ != nullptr) made.by_domain = by_domain_->get();
        if (helo_names_ != nullptr) made.helo_names = helo_names_->get();
        if (credentials_ != nullptr) made.credentials = credentials_->get();
        if (sources_ != nullptr) made.sources = sources_->get();
        if (action_.srs) made.srs = now_.result.srs;
        return made;
    }

private:
    /// `smtp+tls://x` in a file whose lines are split at the colon.
    [[nodiscard]] static bool is_split_url(const loaded_table& table, std::size_t row) {
        return table.is_file() && table.content().is_map && table.content().rows[row].second.starts_with("//");
    }

    void check_urls(const loaded_table& table) {
        for (std::size_t row = 0; row < table.content().rows.size(); ++row) check_url(table, row);
    }

    void check_url(const loaded_table& table, std::size_t row) {
        const location where = table.where(row);
        if (is_split_url(table, row)) {
            now_.faults.fault(where, "a relay URL is split at its colon",
                              "write \"# @list\" as the first line of the file");
            return;
        }
        auto judged =
            mail::usable_relay_url(table.fetched(row), {action_.auth.has_value(), action_.relay.tls.has_value()});
        if (auto* wrong = std::get_if<mail::relay_url_error>(&judged)) {
            now_.faults.fault(where, std::move(wrong->text), advice(wrong->hint));
        } else if (const auto& url = std::get<mail::relay_url>(judged); !url.label.empty()) {
            check_label(url, where);
        }
    }

    void check_label(const mail::relay_url& url, const location& location) {
        if (!url.port && url.effective_port() == 25) {
            now_.faults.warn(location, url.text() + " means port 25, and most providers take a login on port 587 only",
                             "write " + url.text() + ":587, or :25 if it is meant");
        }
        if (credentials_ != nullptr && credentials_->knows_rows() && !has_label(credentials_->content(), url.label)) {
            now_.faults.warn(location,
                             "the label \"" + base::printable(url.label, 64) + "\" is not in the table " +
                                 base::printable(credentials_->name(), 128) + ": mail will wait for it",
                             "write there " + base::printable(url.label, 64) + " = \"user:password\"");
        }
    }

    void check_credentials() {
        if (credentials_ == nullptr) return;
        const table::entries& content = credentials_->content();
        if (!content.is_map && !content.rows.empty()) {
            now_.faults.fault(action_.auth->location, "the table of \"auth\" is a list",
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
                wrong->hint = "write \"# @list\" as the first line of a file with IPv6 addresses";
            }
            now_.faults.fault(sources_->where(row), std::move(wrong->text), std::move(wrong->hint));
        }
    }

    load_context& now_;
    const action& action_;
    const loaded_table* credentials_ = nullptr;
    const loaded_table* hosts_ = nullptr;
    const loaded_table* by_domain_ = nullptr;
    const loaded_table* sources_ = nullptr;
    const loaded_table* helo_names_ = nullptr;
};

}  // namespace

void load_actions(load_context& context) {
    client_contexts contexts(context);
    for (const action& one : context.model.actions) {
        if (one.by != action::method::relay) {
            load_local_action(context, one);
        } else {
            relay_action relay(context, one);
            relay.check();
            relay::action_settings made = relay.settings();
            contexts.add(one, made);
            context.result.relay.actions.insert_or_assign(one.name, std::move(made));
        }
        if (one.by == action::method::lmtp) {
            relay::action_settings made = lmtp_settings(context, one);
            contexts.add(one, made);
            context.result.relay.actions.insert_or_assign(one.name, std::move(made));
        }
    }
}

}  // namespace waypost::config
