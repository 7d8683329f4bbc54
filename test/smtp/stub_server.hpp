// A server without a network: server_session with its line_buffer and content_decoder, and a driver that accepts
// whatever it is asked, unless a test says otherwise. Bytes go in, replies come out.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waypost/base/overloaded.hpp"
#include "waypost/smtp/content_codec.hpp"
#include "waypost/smtp/line_buffer.hpp"
#include "waypost/smtp/server_session.hpp"

namespace waypost::smtp {

class stub_server {
public:
    struct message {
        mail::sender sender;
        std::vector<mail::recipient> recipients;
        std::string content;
    };

    std::function<mail::status(const mail::sender&)> on_sender = [](const auto&) { return mail::status(); };
    std::function<mail::status(const mail::recipient&)> on_recipient = [](const auto&) { return mail::status(); };
    std::function<mail::status()> on_data = [] { return mail::status(); };
    std::function<mail::status()> on_content = [] { return mail::status(); };
    std::function<mail::status(const credentials&)> on_password = [](const credentials& who) {
        return who.user == "me" && who.password.reveal() == "secret"
                   ? mail::status()
                   : mail::status::permanent("5.7.8", "Authentication credentials invalid");
    };

    bool sees_input_behind = true;  // of a line, when it takes it

    explicit stub_server(server_settings settings)
        : fresh_decoder_(settings.limits.max_message_size, content_decoder::default_longest_line, settings.line_feed),
          session_(std::move(settings)),
          decoder_(fresh_decoder_) {
        write_reply(out_, session_.greeting());
    }

    /// The replies not taken yet.
    [[nodiscard]] std::string replies() { return std::exchange(out_, {}); }
    std::string say(std::string_view bytes) {
        while (!bytes.empty() && !closed_) {
            const auto room = lines_.free_space();
            const std::size_t size = std::min(room.size(), bytes.size());
            std::memcpy(room.data(), bytes.data(), size);
            lines_.filled(size);
            bytes.remove_prefix(size);
            eat();
        }
        return replies();
    }
    void tls_handshake() {
        if (!std::exchange(tls_begun_, false)) throw std::logic_error("stub_server: no TLS was begun");
        session_.on_tls();
    }

    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] bool tls_begun() const noexcept { return tls_begun_; }
    [[nodiscard]] const std::vector<message>& accepted() const noexcept { return accepted_; }
    [[nodiscard]] const server_session& session() const noexcept { return session_; }

private:
    void eat() {
        while (!closed_ && !tls_begun_) {
            if (session_.receiving_content()) {
                if (!eat_content()) return;
                continue;
            }
            const line next = lines_.next_line();
            if (next.kind == line_kind::none) return;
            perform(next.kind == line_kind::whole
                        ? session_.on_line(next.text, sees_input_behind && !lines_.pending().empty())
                        : session_.on_bad_line(next.kind == line_kind::too_long));
        }
    }

    bool eat_content() {
        std::string_view input = lines_.pending();
        const std::size_t before = input.size();
        const bool ended = decoder_.decode(input, [this](std::string_view piece) { message_.content += piece; });
        lines_.consume(before - input.size());
        if (!ended) return false;
        mail::status said = mail::status::of(554, "5.6.0", "Malformed content");
        if (decoder_.found() == content_decoder::fault::too_big) said = mail::status::of(552, "5.3.4", "Too big");
        if (decoder_.found() == content_decoder::fault::none) said = on_content();
        if (said.is_success()) accepted_.push_back(message_);
        perform(session_.on_content_end(said));
        return true;
    }

    void perform(server_step step) {
        std::visit(base::overloaded{
                       [&](const send_reply& s) { write_reply(out_, s.reply); },
                       [&](const hang_up& s) {
                           write_reply(out_, s.last);
                           closed_ = true;
                       },
                       [&](const begin_tls& s) {
                           write_reply(out_, s.reply);
                           lines_.clear();
                           tls_begun_ = true;
                       },
                       [&](const check_sender& s) {
                           message_ = {s.sender, {}, {}};
                           perform(session_.on_verdict(on_sender(s.sender)));
                       },
                       [&](const check_recipient& s) {
                           const mail::status said = on_recipient(s.recipient);
                           if (said.is_success()) message_.recipients.push_back(s.recipient);
                           perform(session_.on_verdict(said));
                       },
                       [&](const begin_data&) {
                           decoder_ = fresh_decoder_;
                           perform(session_.on_verdict(on_data()));
                       },
                       [&](const check_password& s) { perform(session_.on_verdict(on_password(s.credentials))); },
                   },
                   step);
    }

    content_decoder fresh_decoder_;
    server_session session_;
    line_buffer lines_{16 * 1024, 4096};
    content_decoder decoder_;
    message message_{{}, {}, {}};
    std::vector<message> accepted_;
    std::string out_;
    bool closed_ = false;
    bool tls_begun_ = false;
};

}  // namespace waypost::smtp
