// One word and its value a setting: those that are not their defaults, and the most important ones in any case.
#include "printed_settings.hpp"

#include <string_view>

#include "mta_limits.hpp"
#include "printed_words.hpp"

namespace waypost::config {
namespace {

class settings_printer {
public:
    explicit settings_printer(const model& what) : what_(what) {}

    std::vector<std::string> run() {
        if (what_.hostname) line({"hostname", plain(what_.hostname->text)});
        line({"queue path", in_quotes(what_.queue_path.text)});
        if (what_.queue_reserve) line({"queue reserve", size(*what_.queue_reserve)});
        line({"queue ttl", delay(what_.queue_ttl)});
        line({"queue retry base", delay(what_.retry.base), "local-base", delay(what_.retry.local_base), "max",
              delay(what_.retry.longest), "jitter", std::to_string(what_.retry.jitter_percent) + "%"});
        std::string times;
        for (const std::chrono::seconds one : what_.warn_intervals) times += (times.empty() ? "" : ", ") + delay(one);
        line({"bounce warn-interval", times});
        line({"smtp max-message-size", size(what_.max_message_size)});
        limits();
        mta();
        mda();
        if (what_.tag_delimiter != model().tag_delimiter)
            line({"smtp sub-addr-delim", in_quotes(std::string(1, what_.tag_delimiter))});
        if (what_.srs) srs(*what_.srs);
        std::string servers;
        for (const written& one : what_.resolvers) servers += (servers.empty() ? "" : ", ") + plain(one.text);
        if (!servers.empty()) line({"resolver", servers});
        if (what_.log != log_format::automatic) line({"log format", what_.log == log_format::json ? "json" : "text"});
        return std::move(lines_);
    }

private:
    void line(const std::vector<std::string>& words) {
        std::string joined;
        for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
        lines_.push_back(std::move(joined));
    }

    void limits() {
        const smtp_limits& now = what_.limits;
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
        mta_line("mta limit", what_.mta.general, {});
        for (const auto& [domain, one] : what_.mta.by_domain) {
            mta_line("mta limit for domain " + plain(domain), one, what_.mta.general);
        }
        if (what_.task_window != model().task_window) line({"mta limit task-hiwat", std::to_string(what_.task_window)});
        if (what_.max_deferred != model().max_deferred) line({"mta max-deferred", std::to_string(what_.max_deferred)});
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
        if (what_.mda.max_sessions != usual.max_sessions)
            words.push_back("max-session " + std::to_string(what_.mda.max_sessions));
        if (what_.mda.max_sessions_per_user != usual.max_sessions_per_user)
            words.push_back("max-session-per-user " + std::to_string(what_.mda.max_sessions_per_user));
        if (words.size() > 1) line(words);
    }

    void srs(const srs_definition& one) {
        if (!one.key.empty()) line({"srs key", masked(std::string(one.key.reveal()))});
        if (!one.backup.empty()) line({"srs key backup", masked(std::string(one.backup.reveal()))});
        if (one.ttl != srs_definition().ttl) line({"srs ttl", delay(one.ttl)});
    }

    const model& what_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> printed_settings(const model& what) { return settings_printer(what).run(); }

}  // namespace waypost::config
