// The client against servers that refuse, close and vanish at random, with mails that overlap. Whatever happens, each
// mail ends once, everybody hears the word that was meant for him, nobody is told of a success that was none, and what
// may be sent again elsewhere was not taken here.
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "client_talk.hpp"

using namespace waypost;
using namespace waypost::smtp;

namespace {

using mt = std::mt19937;

/// As strict as servers get: MAIL within a transaction is refused, and one without recipients stays open.
class strict_server {
public:
    strict_server(mt& random, bool lmtp) : random_(random), lmtp_(lmtp) {}

    void eat(std::string_view bytes) {
        input_ += bytes;
        while (!closed && step()) {}
    }

    std::deque<std::string> replies;
    std::set<std::pair<std::string, std::string>> taken;  // sender and recipient, or any recipient that was accepted
    std::string offence;  // what no client may do
    bool closed = false;

private:
    bool step() {
        if (in_data_) return end_of_data();
        if (chunk_) return end_of_chunk();
        const auto end = input_.find("\r\n");
        if (end == std::string::npos) return false;
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        if (odds(60)) {
            say("421 bye");
            closed = true;
        } else {
            obey(line);
        }
        return true;
    }
    void obey(const std::string& line) {
        const std::string path = line.find('<') == std::string::npos
                                     ? ""
                                     : line.substr(line.find('<') + 1, line.find('>') - line.find('<') - 1);
        if (line.starts_with("RSET")) {
            forget();
            say("250 reset");
        } else if (line.starts_with("MAIL")) {
            if (open_) offence = "nested " + line;
            if (refuses(path)) return;
            open_ = true;
            sender_ = path;
            say("250 " + path);
        } else if (line.starts_with("RCPT")) {
            if (!open_) return say("503 no MAIL");
            if (refuses(path)) return;
            recipients_.push_back(path);
            say("250 " + path);
        } else if (line == "DATA") {
            if (recipients_.empty() && (lmtp_ || !odds(3))) return say("503 nobody");
            if (refuses(sender_)) return;
            in_data_ = true;
            say("354 go");
        } else if (line.starts_with("BDAT")) {
            chunk_ = std::stoul(line.substr(5));
            if (!line.ends_with(" LAST")) offence = line;
        } else {
            offence = line;
        }
    }
    bool end_of_data() {
        const auto end = input_.starts_with(".\r\n") ? 0 : input_.find("\r\n.\r\n");
        if (end == std::string::npos) return false;
        const std::string content = input_.substr(0, end);
        input_.erase(0, end == 0 ? 3 : end + 5);
        in_data_ = false;
        take(content);
        return true;
    }
    bool end_of_chunk() {
        if (input_.size() < *chunk_) return false;
        const std::string content = input_.substr(0, *chunk_ - 2);
        input_.erase(0, *chunk_);
        chunk_.reset();
        if (recipients_.empty())
            say("503 nobody");  // and the transaction stays open, if there was one
        else
            take(content);
        return true;
    }
    void take(const std::string& content) {
        if (!recipients_.empty() && content != "content of " + sender_) offence = "wrong content: " + content;
        const auto each = [this](const std::string& recipient) {
            if (refuses(lmtp_ ? recipient : sender_)) return false;
            taken.emplace(sender_, recipient);
            say("250 " + (lmtp_ ? recipient : sender_));
            return true;
        };
        if (lmtp_) {
            for (const std::string& to : recipients_) each(to);
        } else if (recipients_.empty()) {
            say("250 empty");
        } else if (each(recipients_.front())) {
            for (const std::string& to : recipients_) taken.emplace(sender_, to);
        }
        forget();
    }
    void forget() {
        open_ = false;
        recipients_.clear();
    }
    bool refuses(const std::string& whom) {
        if (!odds(5)) return false;
        say((odds(2) ? "550 " : "450 ") + whom);
        return true;
    }
    bool odds(unsigned one_in) { return random_() % one_in == 0; }
    void say(std::string text) { replies.push_back(std::move(text)); }

    mt& random_;
    bool lmtp_;
    std::string input_;
    bool open_ = false;
    bool in_data_ = false;
    std::optional<std::size_t> chunk_;
    std::string sender_;
    std::vector<std::string> recipients_;
};

struct sent_mail {
    std::string sender;
    std::vector<std::string> recipients;
};

/// One session with as many mails as it wants, and all that can be wrong about it.
class trial {
public:
    trial(mt& random, const std::string& ehlo, const client_settings& settings)
        : random_(random), client_(ehlo, settings), server_(random, settings.lmtp) {}

    void run() {
        for (int i = 0; i < 300 && !is_over_; ++i) turn();
        INFO(server_.offence);
        CHECK(server_.offence.empty());
    }
    int ended() const { return ended_; }
    int most_under_way() const { return most_; }

private:
    void turn() {
        while (client_.session.has_room() && random_() % 3 != 0 && begun_ < 40) begin();
        most_ = std::max(most_, static_cast<int>(client_.session.unfinished().size()));
        const client_step step = client_.session.next();
        if (const auto* text = std::get_if<write_text>(&step)) {
            server_.eat(text->bytes);
        } else if (const auto* content = std::get_if<write_content>(&step)) {
            server_.eat("content of " + std::to_string(content->transaction) +
                        (content->chunk ? "@x\r\n" : "@x\r\n.\r\n"));
            if (!content->chunk) client_.session.on_content_written();
        } else if (const auto* done = std::get_if<transaction_done>(&step)) {
            const sent_mail mail = std::move(under_way_.front());
            under_way_.pop_front();
            ++ended_;
            REQUIRE(done->statuses.size() == mail.recipients.size());
            for (std::size_t i = 0; i < mail.recipients.size(); ++i) judge(mail, i, done->statuses[i], true);
        } else if (std::holds_alternative<read_reply>(step)) {
            hear();
        } else if (std::holds_alternative<session_failed>(step)) {
            judge_unfinished();
            is_over_ = true;
        } else {
            is_over_ = begun_ >= 40;
        }
    }
    void begin() {
        client_transaction what;
        sent_mail mail{std::to_string(begun_) + "@x", {}};
        what.sender.address = *mail::reverse_path::from_text(mail.sender);
        for (std::size_t i = 0; i <= random_() % 4; ++i) {
            mail.recipients.push_back(std::to_string(begun_) + "." + std::to_string(i) + "@d");
            what.recipients.push_back(recipient(mail.recipients.back()));
        }
        if (random_() % 5 != 0) what.chunk = std::string("content of @x\r\n").size() + std::to_string(begun_).size();
        ++begun_;
        under_way_.push_back(std::move(mail));
        client_.session.begin(std::move(what));
    }
    void hear() {
        if (server_.replies.empty() || random_() % 200 == 0) {
            // Closed, or vanished with all that it still had to say.
            REQUIRE((server_.closed || !server_.replies.empty()));
            return client_.session.on_lost(mail::status::transient("4.4.2", "gone"));
        }
        // In portions, as the network has it.
        for (auto left = 1 + random_() % server_.replies.size(); left > 0; --left) {
            const std::string text = server_.replies.front();
            server_.replies.pop_front();
            client_.session.on_reply(reply(std::stoi(text), text.substr(4)));
        }
    }
    void judge_unfinished() {
        const auto left = client_.session.unfinished();
        REQUIRE(left.size() == under_way_.size());
        for (std::size_t i = 0; i < left.size(); ++i) {
            for (std::size_t r = 0; r < under_way_[i].recipients.size(); ++r) {
                const bool taken = server_.taken.contains({under_way_[i].sender, under_way_[i].recipients[r]});
                if (left[i].statuses[r])
                    judge(under_way_[i], r, *left[i].statuses[r], false);
                else if (!left[i].content_sent)
                    CHECK_FALSE(taken);  // it will be sent again elsewhere
            }
        }
    }
    void judge(const sent_mail& mail, std::size_t candidate, const mail::status& status, bool is_over) {
        const bool taken = server_.taken.contains({mail.sender, mail.recipients[candidate]});
        CAPTURE(mail.sender, mail.recipients[candidate], status.line());
        if (status.is_success()) CHECK(taken);
        if (is_over && !status.is_success()) CHECK_FALSE(taken);
        const bool about_him = status.text() == mail.sender || status.text() == mail.recipients[candidate] ||
                               status.text() == "bye" || status.text() == "nobody";
        CHECK(about_him);
    }

    mt& random_;
    opened client_;
    strict_server server_;
    std::deque<sent_mail> under_way_;
    int begun_ = 0;
    int ended_ = 0;
    int most_ = 0;
    bool is_over_ = false;
};

}  // namespace

TEST_CASE("whatever a server does, each recipient has his own word, and none is lost or made up",
          "[smtp][client_random]") {
    const std::string offers = GENERATE(as<std::string>(), "250 mx", "250-mx|250 PIPELINING",
                                        "250-mx|250-PIPELINING|250 CHUNKING", "250-mx|250 CHUNKING");
    const bool local = GENERATE(false, true);
    std::mt19937 random(20260607);
    int ended = 0;
    int most = 0;
    for (int round = 0; round < 2000; ++round) {
        trial one(random, offers, local ? lmtp() : plain());
        one.run();
        ended += one.ended();
        most = std::max(most, one.most_under_way());
    }
    CHECK(ended > 2000);
    const bool pipelined = offers.find("PIPELINING") != std::string::npos;
    const bool chunked = pipelined && !local && offers.find("CHUNKING") != std::string::npos;
    CHECK(most >= (chunked ? 10 : pipelined ? 2 : 1));
    if (!pipelined) CHECK(most == 1);
}
