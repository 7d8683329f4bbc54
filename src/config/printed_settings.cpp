// One word and its value a setting: those that are not their defaults, and the most important ones in any case.
#include "printed_settings.hpp"

#include <string_view>

#include "mta_limits.hpp"
#include "printed_words.hpp"

namespace waypost::config {
namespace {

class settings_printer {
public:
    explicit settings_printer(const model& model) : model_(model) {}

    std::vector<std::string> run() {
        if (model_.hostname) line({"hostname", plain(model_.hostname->text)});
        line({"queue path", in_quotes(model_.queue_path.text)});
        if (model_.queue_reserve) line({"queue reserve", size(*model_.queue_reserve)});
        line({"queue ttl", delay(model_.queue_ttl)});
        line({"queue retry base", delay(model_.retry.base), "local-base", delay(model_.retry.local_base), "max",
              delay(model_.retry.longest), "jitter", std::to_string(model_.retry.jitter_percent) + "%"});
        std::string times;
        for (const std::chrono::seconds one : model_.warn_intervals) times += (times.empty() ? "" : ", ") + delay(one);
        line({"bounce warn-interval", times});
        line({"smtp max-message-size", size(model_.max_message_size)});
        limits();
        mta();
        mda();
        if (model_.tag_delimiter != model().tag_delimiter)
            line({"smtp sub-addr-delim", in_quotes(std::string(1, model_.tag_delimiter))});
        if (model_.srs) srs(*model_.srs);
        std::string servers;
        for (const located_string& one : model_.resolvers) servers += (servers.empty() ? "" : ", ") + plain(one.text);
        if (!servers.empty()) line({"resolver", servers});
        if (model_.log != log_format::automatic) line({"log format", model_.log == log_format::json ? "json" : "text"});
        return std::move(lines_);
    }

private:
    void line(const std::vector<std::string>& words) {
        std::string joined;
        for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
        lines_.push_back(std::move(joined));
    }

    void limits() {
        const smtp_limits& now = model_.limits;
        const smtp_limits usual;
        std::vector<std::string> words{"smtp limit max-rcpt", std::to_string(now.max_recipients)};
        const auto add = [&](const char* key, std::uint64_t value, std::uint64_t otherwise) {
            if (value != otherwise) words.push_back(key + (" " + std::to_string(value)));
        };
        add("max-mails", now.max_mails, usual.max_mails);
        add("max-errors", now.max_errors, usual.max_errors);
        add("max-sessions", now.max_sessions, usual.max_sessions);
        add("max-sessions-per-address", now.max_sessions_of_client, usual.max_sessions_of_client);
        add("max-sessions-per-network", now.max_sessions_of_network, usual.max_sessions_of_network);
        add("max-envelopes", now.max_envelopes, usual.max_envelopes);
        if (now.content_memory != usual.content_memory)
            words.push_back("max-content-memory " + size(now.content_memory));
        add("min-rate", now.min_rate, usual.min_rate);
        add("max-line", now.max_line, usual.max_line);
        add("max-received", now.max_received, usual.max_received);
        line(words);
        std::vector<std::string> times{"smtp timeout"};
        if (now.command != usual.command) times.push_back("command " + delay(now.command));
        if (now.content != usual.content) times.push_back("content " + delay(now.content));
        if (now.handshake != usual.handshake) times.push_back("handshake " + delay(now.handshake));
        if (now.session != usual.session) times.push_back("session " + delay(now.session));
        if (times.size() > 1) line(times);
    }

    void mta() {
        mta_line("mta limit", model_.mta.general, {});
        for (const auto& [domain, one] : model_.mta.by_domain) {
            mta_line("mta limit for domain " + plain(domain), one, model_.mta.general);
        }
        if (model_.task_window != model().task_window)
            line({"mta limit task-hiwat", std::to_string(model_.task_window)});
        if (model_.max_deferred != model().max_deferred)
            line({"mta max-deferred", std::to_string(model_.max_deferred)});
    }

    void mta_line(std::string word, const relay::limits& now, const relay::limits& usual) {
        std::vector<std::string> words{std::move(word)};
        if (now.inet4 != usual.inet4 || now.inet6 != usual.inet6) {
            if (now.inet4) words.emplace_back("inet4");
            if (now.inet6) words.emplace_back("inet6");
        }
        for (const mta_limit& one : mta_limits()) {
            const auto add = [&](auto field) {
                if (now.*field == usual.*field) return;
                words.push_back(std::string(one.word) + " " + in_numbers(now.*field));
            };
            std::visit(add, one.field);
        }
        if (words.size() > 1) line(words);
    }
    static std::string in_numbers(std::size_t count) { return std::to_string(count); }
    static std::string in_numbers(async::duration pause) {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(pause).count());
    }

    void mda() {
        std::vector<std::string> words{"mda limit"};
        const mda_limits usual;
        if (model_.mda.max_sessions != usual.max_sessions)
            words.push_back("max-session " + std::to_string(model_.mda.max_sessions));
        if (model_.mda.max_sessions_per_user != usual.max_sessions_per_user)
            words.push_back("max-session-per-user " + std::to_string(model_.mda.max_sessions_per_user));
        if (words.size() > 1) line(words);
    }

    void srs(const srs_definition& definition) {
        if (!definition.key.empty()) line({"srs key", masked(std::string(definition.key.reveal()))});
        if (!definition.backup.empty()) line({"srs key backup", masked(std::string(definition.backup.reveal()))});
        if (definition.ttl != srs_definition().ttl) line({"srs ttl", delay(definition.ttl)});
    }

    const model& model_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> printed_settings(const model& model) { return settings_printer(model).run(); }

}  // namespace waypost::config
