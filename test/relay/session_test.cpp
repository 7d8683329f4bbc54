#include "session.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "splitting.hpp"
#include "support/captured_stderr.hpp"
#include "support/mail_house.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_clock.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using test::finish;
using test::scripted_server;

namespace {

using strings = std::vector<std::string>;
using answer = std::optional<std::string>;
const std::string hang_up(scripted_server::close);
const std::string hold(scripted_server::hold);

/// Keeps what it is told.
class shelf_of_tasks final : public relay::task_source {
public:
    void add(const strings& to, const std::string& text = "Subject: x\r\n\r\nbody\r\n") {
        queue::queued_message what;
        auto about = std::make_shared<spool::message>();
        about->sender.address = mail::reverse_path::from_text("ada@example.net").value();
        about->text = std::make_shared<const spool::content>("Received: here\r\n", text);
        about->size = about->text->size();
        what.message = std::move(about);
        for (const std::string& each : to) what.envelopes.push_back(test::mail_house::envelope("out", each));
        waiting.push_back(std::move(what));
    }
    /// Its text is said to be longer than the 100,000 octets that are in the file, if there is a file at all.
    void add_file(const strings& to, const test::temporary_directory& in, const std::string& name, std::uint64_t size,
                  async::thread_pool& io) {
        if (size > 0) test::write_file(in / name, std::string(100'000, 'x'));
        add(to);
        auto about = std::make_shared<spool::message>(*waiting.back().message);
        about->text =
            std::make_shared<const spool::content>("Received: here\r\n", in.path(), name, size + 1'000'000, io);
        about->size = about->text->size();
        waiting.back().message = std::move(about);
    }
    std::optional<queue::queued_message> take(std::size_t recipients) override {
        most_asked = recipients;
        if (waiting.empty()) return std::nullopt;
        queue::queued_message next = std::move(waiting.front());
        waiting.pop_front();
        for (; next.envelopes.size() > recipients; next.envelopes.pop_back()) {
            if (waiting.empty() || waiting.front().message != next.message) waiting.push_front({next.message, {}});
            waiting.front().envelopes.push_back(next.envelopes.back());
        }
        return next;
    }
    async::awaitable<bool> wait() override { co_return on_wait(); }
    void give_back(queue::queued_message task) override {
        for (const spool::envelope& each : task.envelopes) given_back.push_back(each.recipient.address.text());
    }
    void settle(const std::shared_ptr<const spool::message>& message, const spool::envelope& envelope,
                const mail::status& status, const queue::carrier&, bool) override {
        CHECK(message != nullptr);
        CHECK_FALSE(told.contains(envelope.recipient.address.text()));
        told[envelope.recipient.address.text()] = status.line();
    }
    void transaction_ended(bool host_is_well, const mail::status&) override { wells.push_back(host_is_well); }
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(
        std::shared_ptr<const spool::message> message) override {
        if (message->text->text() == "unreadable\r\n") co_return net::errc::end_of_stream;
        co_return message->text;
    }

    std::function<bool()> on_wait = [] { return false; };
    std::deque<queue::queued_message> waiting;
    std::map<std::string, std::string> told;
    strings given_back;
    std::vector<bool> wells;
    std::size_t most_asked = 0;
};

struct fixture {
    test::captured_stderr output;
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    async::real_clock real;
    observe::log log{{.format = observe::log_format::text, .lowest = observe::level::debug}};
    scripted_server server{loop};
    relay::time_limits times;
    relay::action_settings action{.name = "out"};
    async::thread_pool io{1};
    test::temporary_directory directory;
    shelf_of_tasks tasks;
    relay::session_limits limits;
    std::unique_ptr<relay::connection> connection;
    std::unique_ptr<relay::session> session;
    async::task_group side_tasks{loop.get_executor()};
    bool is_over = false;

    ~fixture() {
        finish(loop, side_tasks.stop());
        if (connection != nullptr) connection->close();
    }
    void open() {
        const auto port = static_cast<std::uint16_t>(std::stoi(server.port()));
        auto stream = finish(loop, net::connect_tcp(test::loopback(port), std::nullopt, real, test::patience));
        connection = std::make_unique<relay::connection>(
            loop.get_executor(), std::move(stream.value()), clock, log, times, action, mail::relay_url{},
            smtp::client_settings{.helo = "mx.example.org", .tls = smtp::client_tls::never},
            relay::connection_names{.session = "s", .relay = "r", .remote = "relay.example", .source = ""});
        side_tasks.start(connection->keep_time());
        bool ready = false;
        const auto prepare = [](relay::connection& on, bool& is_ready) -> async::awaitable<> {
            is_ready = std::holds_alternative<smtp::idle>(co_await on.pump());
        };
        finish(loop, prepare(*connection, ready));
        REQUIRE(ready);
        session = std::make_unique<relay::session>(tasks, action, *connection, limits);
    }
    void start() {
        open();
        const auto run = [](relay::session& one, bool& is_over) -> async::awaitable<> {
            co_await one.run();
            is_over = true;
        };
        side_tasks.start(run(*session, is_over));
    }
    void run() {
        start();
        test::run_until(loop, [&] { return is_over; });
    }
    int count(const std::string& begins) const {
        return static_cast<int>(std::ranges::count_if(
            server.commands, [&](const std::string& command) { return command.starts_with(begins); }));
    }
};

/// Answers so, the n-th time that such a command comes.
scripted_server::script at_the(int nth, const std::string& begins, const std::string& reply) {
    return [=, seen = std::make_shared<int>(0)](const std::string& command, int) -> answer {
        return command.starts_with(begins) && ++*seen == nth ? answer(reply) : std::nullopt;
    };
}

const std::string kept = "250 2.0.0 kept";

}  // namespace

TEST_CASE("a session carries all that waits, in order, and quits", "[relay][session]") {
    fixture f;
    f.server.offers = GENERATE(values<strings>({{}, {"PIPELINING"}, {"PIPELINING", "CHUNKING"}}));
    for (int i = 0; i < 40; ++i) f.tasks.add({"r" + std::to_string(i) + "@d.example"});
    f.run();
    CHECK(f.tasks.told.size() == 40);
    for (const auto& [whom, said] : f.tasks.told) CHECK(said == kept);
    CHECK(f.tasks.wells == std::vector<bool>(40, true));
    REQUIRE(f.server.mails.size() == 40);
    for (std::size_t i = 0; i < 40; ++i) {
        CHECK(f.server.mails[i].recipients == strings{"<r" + std::to_string(i) + "@d.example>"});
    }
    CHECK(f.server.connections == 1);
    CHECK(f.server.heard("QUIT"));
    CHECK_FALSE(f.session->lost());
}

TEST_CASE("a session waits for work as long as it is told to", "[relay][session]") {
    fixture f;
    f.tasks.on_wait = [&f] {
        if (f.server.mails.size() < 3) f.tasks.add({std::to_string(f.server.mails.size()) + "@d.example"});
        return !f.tasks.waiting.empty();
    };
    f.run();
    CHECK(f.tasks.told.size() == 3);
    CHECK(f.server.heard("QUIT"));
}

TEST_CASE("a session ends after its share of messages, the host's if that is less", "[relay][session]") {
    fixture f;
    f.limits.messages = 5;
    f.server.offers = {"PIPELINING", "CHUNKING"};
    std::size_t most = 5;
    SECTION("ours") {}
    SECTION("the host's") {
        f.server.offers.emplace_back("LIMITS MAILMAX=3");
        most = 3;
    }
    for (int i = 0; i < 9; ++i) f.tasks.add({"r" + std::to_string(i) + "@d.example"});
    f.run();
    CHECK(f.server.mails.size() == most);
    CHECK(f.tasks.waiting.size() == 9 - most);
    CHECK(f.server.heard("QUIT"));
}

TEST_CASE("no more recipients are taken at a time than the host allows", "[relay][session]") {
    fixture f;
    f.server.offers = {"PIPELINING", "LIMITS RCPTMAX=2"};
    f.tasks.add({"a@d.example", "b@d.example", "c@d.example"});
    f.run();
    CHECK(f.tasks.most_asked == 2);
    REQUIRE(f.server.mails.size() == 2);
    CHECK(f.server.mails[0].recipients.size() == 2);
    CHECK(f.tasks.told.size() == 3);
}

TEST_CASE("where a transaction may have one domain only, each has its own", "[relay][session]") {
    fixture f;
    f.server.offers = {"PIPELINING", "LIMITS RCPTDOMAINMAX=1"};
    f.tasks.add({"a@d.example", "b@e.example", "c@d.example", "d@f.example"});
    f.run();
    REQUIRE(f.server.mails.size() == 3);
    CHECK(f.server.mails[0].recipients == strings{"<a@d.example>", "<c@d.example>"});
    CHECK(f.server.mails[1].recipients == strings{"<b@e.example>"});
    CHECK(f.server.mails[2].recipients == strings{"<d@f.example>"});
    CHECK(f.tasks.told.size() == 4);
}

// --- too many recipients

TEST_CASE("who is too many for one transaction is in the next, at once", "[relay][session]") {
    fixture f;
    f.server.offers = GENERATE(values<strings>({{}, {"PIPELINING"}, {"PIPELINING", "CHUNKING"}}));
    const std::string too_many =
        GENERATE(values<std::string>({"452 too many recipients", "452 4.5.3 too many", "552 x"}));
    f.server.answer = [&too_many, in_this = 0](const std::string& command, int) mutable -> answer {
        if (command.starts_with("MAIL")) in_this = 0;
        return command.starts_with("RCPT") && ++in_this > 2 ? answer(too_many) : std::nullopt;
    };
    f.tasks.add({"a@d.example", "b@d.example", "c@d.example", "d@d.example", "e@d.example"});
    f.run();
    CHECK(f.server.mails.size() == 3);
    CHECK(f.tasks.told.size() == 5);
    for (const auto& [whom, said] : f.tasks.told) CHECK(said == kept);
}

TEST_CASE("a 452 that is about a mailbox, or where nobody was taken, is an outcome", "[relay][session]") {
    fixture f;
    std::string said = "452 4.2.2 mailbox full";
    std::string refused = "RCPT TO:<full@";
    SECTION("a mailbox") {}
    SECTION("nobody") {
        said = "452 4.5.3 too many recipients";
        refused = "RCPT";
    }
    f.server.answer = [&](const std::string& command, int) -> answer {
        return command.starts_with(refused) ? answer(said) : std::nullopt;
    };
    f.tasks.add({"yes@d.example", "full@d.example"});
    f.run();
    CHECK(f.tasks.told.at("full@d.example") == said);
    CHECK(f.count("MAIL") == 1);
}

// --- lost connections

TEST_CASE("when a connection fails as soon as it is used, the first mail on it has failed", "[relay][session]") {
    fixture f;
    f.server.answer = at_the(1, "MAIL", GENERATE(values<std::string>({hang_up, "421 4.3.2 no"})));
    for (const std::string who : {"a@d.example", "b@d.example", "c@d.example"}) f.tasks.add({who});
    f.run();
    REQUIRE(f.tasks.told.size() == 1);
    CHECK(f.tasks.told.begin()->first == "a@d.example");
    CHECK(f.tasks.told.begin()->second.starts_with('4'));
    CHECK((f.tasks.given_back.empty() || f.tasks.given_back == strings{"b@d.example"}));
    REQUIRE(f.session->lost());
    CHECK(f.session->lost()->is_transient());
    CHECK(f.tasks.wells == std::vector<bool>{false});
}

TEST_CASE("a connection that has carried mail gives back what it did not carry", "[relay][session]") {
    fixture f;
    f.server.answer = at_the(2, "MAIL", GENERATE(values<std::string>({hang_up, "421 4.3.2 enough"})));
    for (const std::string who : {"a@d.example", "b@d.example", "c@d.example"}) f.tasks.add({who});
    f.run();
    CHECK(f.tasks.told == std::map<std::string, std::string>{{"a@d.example", kept}});
    CHECK(f.tasks.given_back.back() == "b@d.example");
    CHECK(f.session->lost());
}

TEST_CASE("421 in the middle of a flight sends everybody behind it elsewhere", "[relay][session]") {
    fixture f;
    f.server.offers = {"PIPELINING", "CHUNKING"};
    f.server.answer = at_the(2, "BDAT", "421 4.3.2 going down");
    for (const std::string who : {"a@d.example", "b@d.example", "c@d.example", "d@d.example"}) f.tasks.add({who});
    f.run();
    CHECK(f.tasks.told ==
          std::map<std::string, std::string>{{"a@d.example", kept}, {"b@d.example", "421 4.3.2 going down"}});
    CHECK(f.tasks.given_back == strings{"d@d.example", "c@d.example"});
}

TEST_CASE("mail whose content may have arrived is deferred and not sent twice", "[relay][session]") {
    fixture f;
    f.server.offers = {"PIPELINING", "CHUNKING"};
    f.server.answer = at_the(2, "BDAT", hang_up);
    f.tasks.add({"a@d.example"});
    f.tasks.add({"b@d.example"});
    f.tasks.add({"c@d.example"});
    f.run();
    CHECK(f.tasks.given_back.empty());
    CHECK(f.tasks.told.at("a@d.example") == kept);
    CHECK_THAT(f.tasks.told.at("b@d.example"), Contains("relay.example"));
    CHECK(f.tasks.told.at("c@d.example").starts_with('4'));
    CHECK(f.tasks.wells == std::vector<bool>{true, false});
}

TEST_CASE("who was refused for good stays so when the connection is lost", "[relay][session]") {
    fixture f;
    f.server.answer = [](const std::string& command, int) -> answer {
        if (command.starts_with("RCPT TO:<no@")) return "550 5.1.1 no such user";
        return command == "." ? answer(hang_up) : std::nullopt;
    };
    f.tasks.add({"no@d.example", "yes@d.example"});
    f.run();
    CHECK(f.tasks.told.at("no@d.example") == "550 5.1.1 no such user");
    CHECK(f.tasks.told.at("yes@d.example").starts_with('4'));
}

TEST_CASE("a good-bye after the last mail is the end of the connection", "[relay][session]") {
    fixture f;
    f.server.answer = at_the(1, ".", kept + "\r\n421 4.3.2 going down");
    int waits = 0;
    f.tasks.on_wait = [&waits] { return ++waits < 10; };
    f.tasks.add({"a@d.example"});
    f.run();
    CHECK(f.tasks.told.at("a@d.example") == kept);
    REQUIRE(f.session->lost());
    CHECK(f.session->lost()->line() == "421 4.3.2 going down");
    CHECK(f.tasks.wells == std::vector<bool>{true});
}

TEST_CASE("content taken in words of another command is the last on its connection", "[relay][session]") {
    fixture f;
    f.server.offers = GENERATE(values<strings>({{}, {"PIPELINING"}}));
    f.server.answer = at_the(1, ".", "221 2.0.0 bye");
    f.tasks.on_wait = [] { return true; };  // there is more mail, always
    f.tasks.add({"a@d.example"});
    f.tasks.add({"b@d.example"});
    f.run();
    CHECK(f.tasks.told == std::map<std::string, std::string>{{"a@d.example", "221 2.0.0 bye"}});
    CHECK(f.tasks.wells.front());
    CHECK(f.server.mails.size() <= 1);
    CHECK(f.tasks.waiting.size() + f.tasks.given_back.size() == 1);
}

// --- limits, faults of ours

TEST_CASE("after many refused recipients on end the session leaves", "[relay][session]") {
    fixture f;
    f.limits.max_failures = 4;
    f.server.answer = [](const std::string& command, int) -> answer {
        return command.starts_with("RCPT TO:<no") ? answer("550 5.1.1 no such user") : std::nullopt;
    };
    f.server.offers.clear();
    f.tasks.add({"no1@d.example", "no2@d.example", "no3@d.example"});
    f.tasks.add({"yes@d.example"});
    f.tasks.add({"no4@d.example", "no5@d.example", "no6@d.example", "no7@d.example"});
    f.tasks.add({"late@d.example"});
    f.run();
    CHECK(f.tasks.told.size() == 8);
    CHECK(f.tasks.waiting.size() == 1);
    CHECK(f.server.heard("QUIT"));
    CHECK_FALSE(f.session->lost());
}

TEST_CASE("the delay between transactions is kept, and nothing overlaps", "[relay][session]") {
    fixture f;
    f.limits.transaction_delay = 10s;
    f.server.offers = {"PIPELINING", "CHUNKING"};
    f.tasks.add({"a@d.example"});
    f.tasks.add({"b@d.example"});
    f.start();
    test::run_until(f.loop, [&] { return f.tasks.told.size() == 1; });
    test::settle(f.loop);
    f.clock.advance(9s);
    test::settle(f.loop);
    CHECK(f.count("MAIL") == 1);
    f.clock.advance(1s);
    test::run_until(f.loop, [&] { return f.is_over; });
    CHECK(f.tasks.told.size() == 2);
}

TEST_CASE("content that cannot be read defers its mail and no other", "[relay][session]") {
    fixture f;
    f.tasks.add({"a@d.example"}, "unreadable\r\n");
    f.tasks.add({"b@d.example"});
    f.run();
    CHECK(f.tasks.told.at("a@d.example").starts_with("451 4.3.0"));
    CHECK(f.tasks.told.at("b@d.example") == kept);
}

TEST_CASE("audit 14: content of which nothing can be read is not announced to the host, and the connection goes on",
          "[relay][session]") {
    fixture f;
    f.tasks.add_file({"a@d.example"}, f.directory, "missing", 0, f.io);
    f.tasks.add({"b@d.example"});
    f.run();
    CHECK(f.tasks.told.at("a@d.example").starts_with("451 4.3.0"));
    CHECK(f.tasks.told.at("b@d.example") == kept);
    CHECK(f.count("MAIL") == 1);
    CHECK_FALSE(f.session->lost().has_value());
    CHECK(f.tasks.wells == std::vector{true});
}

TEST_CASE("audit 14: a read error within content defers that message alone, and nobody is to blame",
          "[relay][session]") {
    fixture f;
    f.tasks.add_file({"a@d.example"}, f.directory, "short", 200'000, f.io);
    f.tasks.add({"b@d.example"});
    f.run();
    CHECK(f.tasks.told.at("a@d.example").starts_with("451 4.3.0"));
    CHECK_FALSE(f.tasks.told.contains("b@d.example"));
    CHECK(f.tasks.given_back == strings{"b@d.example"});
    CHECK_FALSE(f.session->lost().has_value());  // so the route does not rest, and the window does not shrink
    CHECK(f.tasks.wells.empty());
    CHECK_FALSE(f.server.heard("."));
}

TEST_CASE("a session that is ended by us leaves its mail unreported", "[relay][session]") {
    fixture f;
    f.server.answer = at_the(1, "MAIL", hold);
    f.tasks.add({"a@d.example"});
    f.start();
    test::run_until(f.loop, [&] { return f.server.holding == 1; });
    finish(f.loop, f.side_tasks.stop());
    CHECK(f.tasks.told.empty());
    CHECK(f.tasks.given_back.empty());
    CHECK(f.tasks.wells.empty());
}

TEST_CASE("mail that was sent on for two domains goes in a transaction for each of their senders", "[relay][session]") {
    fixture f;
    f.action.srs = std::make_shared<const mail::srs>(mail::srs_settings{.key = base::secret("secret"), .backup = {}});
    f.tasks.add({"a@x.example", "b@x.example", "c@x.example", "d@x.example"});
    auto& envelopes = f.tasks.waiting.front().envelopes;
    envelopes[0].original = "list@one.example";
    envelopes[1].original = "list@two.example";
    envelopes[2].original = "team@one.example";
    f.run();
    strings senders;
    for (const std::string& command : f.server.commands) {
        if (command.starts_with("MAIL FROM:<")) senders.push_back(command.substr(0, command.find('>')));
    }
    REQUIRE(senders.size() == 3);
    CHECK_THAT(senders[0], Catch::Matchers::EndsWith("=example.net=ada@one.example"));
    CHECK_THAT(senders[1], Catch::Matchers::EndsWith("=example.net=ada@two.example"));
    CHECK(senders[2] == "MAIL FROM:<ada@example.net");
    CHECK(f.tasks.told.size() == 4);
}

TEST_CASE("a store of mailboxes is told of its users by name", "[relay][session]") {
    fixture f;
    f.action.lmtp_user_only = true;
    f.tasks.add({"list@x.example", "b@x.example"});
    f.tasks.waiting.front().envelopes[0].user = "ada";
    f.tasks.waiting.front().envelopes[1].user = "strange name";
    f.run();
    CHECK(f.count("RCPT TO:<ada>") == 1);
    CHECK(f.count("RCPT TO:<\"strange name\">") == 1);
    CHECK(f.tasks.told.size() == 2);
}
