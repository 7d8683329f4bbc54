// A client_session, the driver's half of its work, and what tests begin with. The test is the server.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <vector>

#include "waypost/base/ascii.hpp"
#include "waypost/smtp/client_session.hpp"

namespace waypost::smtp {

class talk {
public:
    explicit talk(client_settings settings) : session(std::move(settings)) {}

    /// What the client writes before it wants something else; that is `step` then.
    std::string written() {
        std::string all;
        for (step = session.next(); auto* text = std::get_if<write_text>(&step); step = session.next()) {
            secret = text->secret;
            all += text->bytes;
        }
        return all;
    }
    /// As written(), but with the content too, as "{0}" for that of the first transaction, "[0]" as a chunk.
    std::string flight() {
        std::string all = written();
        while (const auto* content = std::get_if<write_content>(&step)) {
            const std::string number = std::to_string(content->transaction);
            all += content->chunk ? '[' + number + ']' : '{' + number + '}';
            if (!content->chunk) session.on_content_written();
            all += written();
        }
        return all;
    }
    /// Answers the client with replies, each "250 text" or "250-text|250 text", and says what it writes then. It must
    /// want each of them.
    std::string say(std::initializer_list<std::string> replies) {
        for (const std::string& one : replies) {
            CAPTURE(one);
            const std::string early = written();
            CHECK(early.empty());
            CHECK(std::holds_alternative<read_reply>(step));
            reply_reader reader;
            for (const std::string_view line : base::split(one, '|')) {
                if (reader.on_line(line) == reply_reader::progress::done) session.on_reply(reader.take());
            }
        }
        return written();
    }
    template <class Step>
    [[nodiscard]] bool wants() const {
        return std::holds_alternative<Step>(step);
    }
    [[nodiscard]] std::string failure() const {
        const auto* failed = std::get_if<session_failed>(&step);
        return failed == nullptr ? "none"
                                 : std::to_string(static_cast<int>(failed->stage)) + ' ' + failed->status.line();
    }
    [[nodiscard]] client_stage failed_at() const { return std::get<session_failed>(step).stage; }
    /// "250 ok|550 no"
    [[nodiscard]] std::string outcome() const {
        const auto* done = std::get_if<transaction_done>(&step);
        return done == nullptr ? "none: " + failure() : lines(done->statuses);
    }
    static std::string lines(const std::vector<mail::status>& statuses) {
        std::string all;
        for (const mail::status& said : statuses) all += (all.empty() ? "" : "|") + said.line();
        return all;
    }

    /// Of the oldest transaction that a failure cut short.
    [[nodiscard]] std::string outcomes_or(const mail::status& otherwise) const {
        const auto all = session.unfinished();
        if (all.empty()) return "none";
        std::vector<mail::status> each;
        for (const auto& word : all.front().statuses) each.push_back(word.value_or(otherwise));
        return lines(each);
    }

    client_session session;
    client_step step = idle{};
    bool secret = false;
};

inline client_settings plain() { return {.helo = "out.example", .tls = client_tls::if_offered}; }
inline client_settings with(client_tls tls, bool authenticate = false) {
    return {.helo = "out.example", .tls = tls, .authenticate = authenticate};
}
inline client_settings lmtp() { return {.helo = "out.example", .lmtp = true, .tls = client_tls::never}; }

inline mail::recipient recipient(const std::string& address) { return {*mail::mailbox::parse(address), {}, {}}; }
inline client_transaction message(std::initializer_list<std::string> to, std::uint64_t size = 100) {
    client_transaction what;
    what.sender.address = *mail::reverse_path::from_text("a@b");
    for (const std::string& address : to) what.recipients.push_back(recipient(address));
    what.size = size;
    return what;
}

inline const std::string pipelining = "250-mx|250-PIPELINING|250-SIZE 1000|250-8BITMIME|250 DSN";
inline const std::string old_fashioned = "250 mx";

// Open and idle.
struct opened : talk {
    explicit opened(const std::string& ehlo, const client_settings& settings = plain()) : talk(settings) {
        CHECK(say({"220 mx"}) == (settings.lmtp ? "LHLO out.example\r\n" : "EHLO out.example\r\n"));
        CHECK(say({ehlo}).empty());
        CHECK(wants<idle>());
    }
    std::string begin(const client_transaction& transaction) {
        session.begin(transaction);
        return written();
    }
};

}  // namespace waypost::smtp
