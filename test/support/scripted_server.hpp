// A server on loopback that says what the test wants: polite by itself, and otherwise by the test's script. It
// remembers all that it was told.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/stream_pair.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/task_group.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/net/tls_context.hpp"

namespace waypost::test {

class scripted_server {
public:
    struct mail {
        std::string sender;              // the argument of MAIL
        std::vector<std::string> recipients;  // of those RCPTs that were answered 2yz
        std::string content;
        int connection = 0;
    };
    /// What to answer to a command; nothing: as a polite server would. Asked also for "(greeting)", "(content)" after
    /// the first bytes of content, and "." at its end. An answer may be `close`; at each `hold` in it the server waits
    /// for release() before it goes on, with the rest of the answer or, at "(content)", with reading.
    using script = std::function<std::optional<std::string>(const std::string& command, int connection)>;
    static constexpr std::string_view close = "(close)";
    static constexpr std::string_view hold = "(hold)";

    explicit scripted_server(boost::asio::io_context& loop, const std::string& unix_path = {})
        : listening_(unix_path.empty() ? net::acceptor::tcp(loop.get_executor(), loopback())
                                       : net::acceptor::unix_socket(loop.get_executor(), unix_path, 0600)),
          released_(loop.get_executor()),
          group_(loop.get_executor()),
          loop_(loop) {
        group_.start(accept());
    }
    ~scripted_server() { finish(loop_, group_.stop()); }
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    [[nodiscard]] std::string port() const { return std::to_string(listening_.local()->port); }
    /// Connections that are there go on.
    void stop_listening() { listening_.close(); }
    void release() {
        holding = 0;
        ++releases_;
        released_.notify();
    }
    [[nodiscard]] bool heard(const std::string& command) const {
        return std::ranges::find(commands, command) != commands.end();
    }
    [[nodiscard]] std::vector<std::string> all_recipients() const {
        std::vector<std::string> all;
        for (const mail& each : mails) all.insert(all.end(), each.recipients.begin(), each.recipients.end());
        return all;
    }

    script answer = [](const std::string&, int) { return std::nullopt; };
    std::vector<std::string> offers = {"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 10000000"};
    std::shared_ptr<const net::tls_context> tls;
    bool implicit_tls = false;
    bool lmtp = false;

    std::vector<mail> mails;  // whose content has ended and was answered
    std::vector<std::string> commands;  // of all connections
    std::vector<std::string> passwords;  // as AUTH PLAIN had them: user:password
    std::vector<net::endpoint> clients;
    int connections = 0;
    int present = 0;
    int most_present = 0;
    int holding = 0;  // connections that wait for release()

private:
    struct peer {
        std::unique_ptr<net::stream> stream;
        int number = 0;
        std::string input;
        bool encrypted = false;
        mail current;
    };

    async::awaitable<> accept() {
        for (;;) {
            auto client = co_await listening_.accept();
            if (client.has_error()) co_return;
            group_.start(serve(std::move(*client), ++connections));
        }
    }

    async::awaitable<> serve(std::unique_ptr<net::stream> client, int number) {
        struct counting {
            scripted_server& at;
            explicit counting(scripted_server& s) : at(s) { at.most_present = std::max(at.most_present, ++at.present); }
            ~counting() { --at.present; }
        } const counted(*this);
        peer who{.stream = std::move(client), .number = number};
        if (const auto where = who.stream->peer()) clients.push_back(*where);
        if (implicit_tls && !co_await begin_tls(who)) co_return;
        if (!co_await say(who, "(greeting)", "220 test.example ESMTP")) co_return;
        while (auto line = co_await next_line(who)) {
            commands.push_back(*line);
            if (!co_await obey(who, *line)) break;
        }
        who.stream->close();
    }

    async::awaitable<bool> obey(peer& who, const std::string& line) {
        const std::string verb = base::to_lower(line.substr(0, line.find_first_of(" :")));
        if (verb == "ehlo" || verb == "lhlo") co_return co_await say(who, line, capabilities(who));
        if (verb == "mail") {
            who.current = {
                .sender = line.substr(line.find(':') + 1), .recipients = {}, .content = {}, .connection = who.number};
            co_return co_await say(who, line, "250 2.1.0 ok");
        }
        if (verb == "rcpt") {
            const std::string said = text_for(line, who.number, "250 2.1.5 ok");
            if (said.starts_with('2')) who.current.recipients.push_back(line.substr(line.find(':') + 1));
            co_return co_await write(who, said);
        }
        if (verb == "data") co_return co_await take_content(who, line);
        if (verb == "bdat") co_return co_await take_chunk(who, line);
        if (verb == "starttls") {
            const std::string said = text_for(line, who.number, "220 go");
            if (!co_await write(who, said)) co_return false;
            co_return !said.starts_with("220") || co_await begin_tls(who);
        }
        if (verb == "auth") co_return co_await authenticate(who, line);
        if (verb == "quit") {
            co_await say(who, line, "221 bye");
            co_return false;
        }
        co_return co_await say(who, line, "250 ok");
    }

    async::awaitable<bool> take_content(peer& who, const std::string& command) {
        const bool wanted = !who.current.recipients.empty();
        const std::string said = text_for(command, who.number, wanted ? "354 go" : "554 no valid recipients");
        if (!co_await write(who, said)) co_return false;
        if (!said.starts_with("354")) co_return true;
        const auto at_content = answer("(content)", who.number);
        if (at_content == hold) co_await wait_for_release();
        if (at_content == close) {
            char piece[1024];
            static_cast<void>(co_await who.stream->read_some(piece));
            co_return false;
        }
        for (;;) {
            auto line = co_await next_line(who);
            if (!line) co_return false;
            if (*line == ".") break;
            who.current.content += (line->starts_with('.') ? line->substr(1) : *line) + "\r\n";
        }
        commands.emplace_back(".");
        if (!lmtp) {
            if (!co_await say(who, ".", "250 2.0.0 kept")) co_return false;
        } else {
            for (const std::string& each : who.current.recipients) {
                if (!co_await say(who, ". " + each, "250 2.0.0 kept")) co_return false;
            }
        }
        mails.push_back(std::exchange(who.current, {}));
        co_return true;
    }

    /// Asked for its answer as "BDAT 17 LAST", after the octets have come.
    async::awaitable<bool> take_chunk(peer& who, const std::string& command) {
        if (answer("(content)", who.number) == close) co_return false;
        const std::size_t size = std::stoul(command.substr(5));
        while (who.input.size() < size) {
            if (!co_await read_more(who)) co_return false;
        }
        who.current.content = who.input.substr(0, size);
        who.input.erase(0, size);
        const bool wanted = !who.current.recipients.empty();
        const std::string said = text_for(command, who.number, wanted ? "250 2.0.0 kept" : "503 5.5.1 no recipients");
        if (!co_await write(who, said)) co_return false;
        if (said.starts_with('2')) mails.push_back(std::exchange(who.current, {}));
        co_return true;
    }

    async::awaitable<bool> authenticate(peer& who, const std::string& line) {
        std::string response;
        if (base::istarts_with(line, "AUTH PLAIN ")) {
            response = base::base64_decode(line.substr(11)).value_or("?");
        } else if (base::istarts_with(line, "AUTH LOGIN")) {
            if (!co_await write(who, "334 VXNlcm5hbWU6")) co_return false;
            const auto user = co_await next_line(who);
            if (!user || !co_await write(who, "334 UGFzc3dvcmQ6")) co_return false;
            const auto password = co_await next_line(who);
            if (!password) co_return false;
            response = std::string(1, '\0') + base::base64_decode(*user).value_or("?") + std::string(1, '\0') +
                       base::base64_decode(*password).value_or("?");
        }
        response.erase(0, response.find('\0') + 1);
        std::ranges::replace(response, '\0', ':');
        passwords.push_back(response);
        co_return co_await say(who, line, "235 2.7.0 welcome");
    }

    [[nodiscard]] std::string capabilities(const peer& who) const {
        std::vector<std::string> all = {"test.example"};
        all.insert(all.end(), offers.begin(), offers.end());
        if (tls != nullptr && !who.encrypted) all.emplace_back("STARTTLS");
        std::string text;
        for (std::size_t i = 0; i < all.size(); ++i)
            text += (i > 0 ? "\r\n" : "") + std::string(i + 1 < all.size() ? "250-" : "250 ") + all[i];
        return text;
    }

    async::awaitable<bool> begin_tls(peer& who) {
        who.input.clear();
        if (tls == nullptr) co_return false;
        who.encrypted = (co_await who.stream->start_tls_server(*tls)).has_value();
        co_return who.encrypted;
    }

    [[nodiscard]] std::string text_for(const std::string& command, int number, const std::string& polite) const {
        return answer(command, number).value_or(polite);
    }
    async::awaitable<bool> say(peer& who, const std::string& command, const std::string& polite) {
        return write(who, text_for(command, who.number, polite));
    }
    async::awaitable<bool> write(peer& who, std::string text) {
        for (std::size_t at = 0; (at = text.find(hold)) != std::string::npos;) {
            if (!(co_await who.stream->write(text.substr(0, at))).has_value()) co_return false;
            text.erase(0, at + hold.size());
            co_await wait_for_release();
        }
        if (text == close) co_return false;
        co_return (co_await who.stream->write(text + "\r\n")).has_value();
    }
    async::awaitable<> wait_for_release() {
        ++holding;
        for (const int before = releases_; releases_ == before;) co_await released_.wait();
    }
    async::awaitable<std::optional<std::string>> next_line(peer& who) {
        for (;;) {
            if (const std::size_t end = who.input.find("\r\n"); end != std::string::npos) {
                std::string line = who.input.substr(0, end);
                who.input.erase(0, end + 2);
                co_return line;
            }
            if (!co_await read_more(who)) co_return std::nullopt;
        }
    }
    static async::awaitable<bool> read_more(peer& who) {
        char piece[16384];
        const auto bytes = co_await who.stream->read_some(piece);
        if (bytes.has_value()) who.input.append(piece, *bytes);
        co_return bytes.has_value();
    }

    net::acceptor listening_;
    async::event released_;
    int releases_ = 0;
    async::task_group group_;
    boost::asio::io_context& loop_;
};

}  // namespace waypost::test
