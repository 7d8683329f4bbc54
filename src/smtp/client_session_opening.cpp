// Greeting, hello, TLS, hello again, authentication.
#include <utility>

#include "client_session_detail.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/smtp/client_session.hpp"

namespace waypost::smtp {

namespace {

// RFC 4954 section 4: an initial response must fit a command line of RFC 5321 4.5.3.1.4
constexpr std::size_t longest_auth_command = 510;

}  // namespace

void client_session::hello() { send((settings_.lmtp ? "LHLO " : "EHLO ") + settings_.helo, expect::ehlo); }

void client_session::on_opening_reply(expect was, const reply& reply) {
    const int wanted = was == expect::greeting || was == expect::starttls ? 220 : 250;
    if (reply.code != wanted && reply.is_positive()) return fail(client_stage::protocol, wrong_reply(reply));
    switch (was) {
        case expect::greeting:
            if (reply.code != wanted) return fail(client_stage::greeting, reply.to_status());
            return hello();
        case expect::ehlo:
            if (reply.code != wanted) return on_hello_refused(reply);
            offered_ = parse_extensions(reply);
            server_name_ = reply.lines.front().substr(0, reply.lines.front().find(' '));
            return after_hello();
        case expect::helo:
            if (reply.code != wanted) return fail(client_stage::hello, reply.to_status());
            return after_hello();
        default: break;  // starttls
    }
    if (reply.code == wanted) {
        next_step_ = tls_handshake{};
    } else if (reply.code == 421) {
        fail(client_stage::protocol, reply.to_status());
    } else if (settings_.tls == client_tls::demanded) {
        fail(client_stage::tls_refused, reply.to_status());
    } else {
        tls_declined_ = true;
        after_hello();
    }
}

/// RFC 5321 section 3.2: a server that does not know EHLO may know HELO, but then it offers nothing.
void client_session::on_hello_refused(const reply& reply) {
    if (reply.code / 100 == 4 || settings_.lmtp) return fail(client_stage::hello, reply.to_status());
    if (settings_.tls == client_tls::demanded && !tls_active_) {
        return fail(client_stage::tls_not_offered,
                    mail::status::transient("4.7.10", "TLS is demanded, and EHLO is refused"));
    }
    if (settings_.authenticate) {
        return fail(client_stage::auth_not_offered,
                    mail::status::transient("4.7.0", "Authentication is demanded, and EHLO is refused"));
    }
    offered_ = {};
    send("HELO " + settings_.helo, expect::helo);
}

void client_session::after_hello() {
    if (!tls_active_ && settings_.tls == client_tls::demanded && !offered_.starttls) {
        return fail(client_stage::tls_not_offered,
                    mail::status::transient("4.7.10", "TLS is demanded and not offered"));
    }
    if (!tls_active_ && !tls_declined_ && settings_.tls != client_tls::never && offered_.starttls) {
        return send("STARTTLS", expect::starttls);
    }
    if (!settings_.authenticate || authenticated_) return;
    if (!tls_active_) {
        // The configuration refuses such a route; a password in clear would be a betrayal.
        return fail(client_stage::tls_not_offered, mail::status::transient("4.7.10", "No authentication without TLS"));
    }
    if (!offered_.auth_plain && !offered_.auth_login) {
        return fail(
            client_stage::auth_not_offered,
            mail::status::transient("4.7.0", offered_.auth_offered ? "No mechanism of authentication that we know"
                                                                   : "Authentication is not offered"));
    }
    next_step_ = need_credentials{};
}

void client_session::on_tls() {
    if (failed_) return;
    require(std::exchange(due_, pending_action::none) == pending_action::tls,
            "client_session: no handshake was asked for");
    tls_active_ = true;
    offered_ = {};  // RFC 3207 section 4.2: what was said in clear is nothing
    hello();
}

void client_session::on_credentials(credentials who) {
    if (failed_) return;
    require(std::exchange(due_, pending_action::none) == pending_action::credentials,
            "client_session: no credentials were asked for");
    credentials_ = std::move(who);
    if (!offered_.auth_plain) return send("AUTH LOGIN", expect::auth_login);
    const base::secret response = encode_plain(*credentials_);
    const std::string_view command = "AUTH PLAIN ";
    if (command.size() + response.reveal().size() > longest_auth_command) {
        return send("AUTH PLAIN", expect::auth_plain_long);
    }
    send_secret(command, response.reveal(), expect::auth_plain);
}

void client_session::send_secret(std::string_view command, std::string_view response, expect expected) {
    out_.reserve(command.size() + response.size() + 2);
    out_ += command;
    out_secret_ = true;
    send(response, expected);
}

void client_session::on_auth_reply(expect was, const reply& reply) {
    const bool last = was == expect::auth_plain || was == expect::auth_password;
    if (reply.code == 421) return fail(client_stage::protocol, reply.to_status());
    if (!reply.is_positive()) return fail(client_stage::auth_refused, reply.to_status());
    if (reply.code != (last ? 235 : 334)) return fail(client_stage::protocol, wrong_reply(reply));
    switch (was) {
        case expect::auth_plain_long: return send_secret({}, encode_plain(*credentials_).reveal(), expect::auth_plain);
        case expect::auth_login: return send(base::base64_encode(credentials_->user), expect::auth_user);
        case expect::auth_user: {
            const base::secret answer(base::base64_encode(credentials_->password.reveal()));
            return send_secret({}, answer.reveal(), expect::auth_password);
        }
        default: break;
    }
    authenticated_ = true;
    credentials_.reset();
}

}  // namespace waypost::smtp
