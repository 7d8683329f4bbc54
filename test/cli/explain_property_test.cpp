// `waypost explain` and a session of the daemon hear of the same client and the same rules, and must come to the same.
// 10,000 cases, or as many as WAYPOST_EXPLAIN_CASES says.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <map>
#include <random>
#include <span>

// What of the daemon no other room may include.
#include "../../src/inbound/budgets.hpp"
#include "../../src/inbound/session.hpp"
#include "rehearsal.hpp"
#include "support/fake_resolver.hpp"
#include "support/fake_table.hpp"
#include "support/fake_user_files.hpp"
#include "support/forwarding_store.hpp"
#include "support/run_until.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/net/tls_context.hpp"

using namespace waypost;
using namespace std::chrono_literals;
using subject = rules::condition::subject;

namespace {

std::mt19937 random_source(32);

bool one_in(unsigned number) { return random_source() % number == 0; }

template <class Pool>
auto any_of(const Pool& pool) {
    return pool[random_source() % std::size(pool)];
}

constexpr std::array recipients{"ada@example.org",     "bob+tag@example.org", "staff@example.org",
                                "nobody@example.org",  "lost@lists.example",  "staff@lists.example",
                                "x@sub.wild.example",  "box@virt.example",    "someone@elsewhere.example",
                                "\"a b\"@example.org", "carol@[192.0.2.77]",  "ADA@EXAMPLE.ORG"};
constexpr std::array senders{"<>", "ada@example.org", "eve@origin.example", "bob@sub.wild.example"};
constexpr std::array addresses{"",          "127.0.0.1",   "192.0.2.1",       "192.0.2.2",
                               "192.0.2.3", "2001:db8::1", "::ffff:192.0.2.1"};
constexpr std::array helos{"client.example", "mx.wild.example", "[192.0.2.1]", "localhost"};
constexpr std::array users{"", "ada", "mallory"};
constexpr std::array tags{"", "inside", "outside"};

/// Every table that rules and listeners may ask, with rows that some questions meet.
struct world_tables {
    std::array<test::fake_table, 8> all{
        test::fake_table{{{"example.org", ""}, {"*.wild.example", ""}, {"virt.example", ""}, {"lists.example", ""}}},
        test::fake_table{{{"ada@example.org", ""}, {"@origin.example", ""}, {"<>", ""}, {"someone", ""}}},
        test::fake_table{{{"192.0.2.1", ""}, {"local", ""}, {"2001:db8::/32", ""}}},
        test::fake_table{{{"client.example", ""}, {"*.wild.example", ""}}},
        test::fake_table{{{"inside", ""}}},
        test::fake_table{{{"ada", ""}}},
        test::fake_table{{{"staff", "ada, bob, carol@elsewhere.example, |cmd"},
                          {"lost", "lost2@example.org, :include:/list"},
                          {"box@virt.example", "ada"},
                          {"bob", "bob, error:450 later"}}},
        test::fake_table{{{"^ad", ""}, {"example", ""}}},
    };
    test::fake_table passwords{{{"ada", "ada:{PLAIN}-"}, {"mallory", "mallory:{PLAIN}-"}}};
    test::fake_table senders{{{"ada", "ada@example.org, @origin.example"}}};
    test::fake_table user_base{{{"ada", "1000:1000:/home/ada"}, {"bob", "1001:1001:/home/bob"}}};

    test::fake_table& any() { return all[random_source() % all.size()]; }
    void break_some() {
        for (auto& one : all) one.unavailable = one_in(25);
        user_base.unavailable = one_in(40);
        senders.unavailable = one_in(40);
    }
};

/// A client that sends what it was told to, and its message where it is asked for it.
class scripted_client final : public net::stream {
public:
    scripted_client(std::deque<std::string> segments, std::optional<net::endpoint> peer, std::string& heard)
        : segments_(std::move(segments)), peer_(std::move(peer)), heard_(heard) {}

    async::awaitable<base::result<std::size_t>> read_some(std::span<char> buffer) override {
        if (segments_.empty() && !sent_ && heard_.find("\r\n354 ") != std::string::npos) {
            sent_ = true;
            segments_.emplace_back("Subject: hello\r\n\r\nbody\r\n.\r\n");
        }
        if (segments_.empty()) co_return net::errc::end_of_stream;
        const std::string text = std::move(segments_.front());
        segments_.pop_front();
        std::ranges::copy(text, buffer.begin());
        co_return text.size();
    }
    async::awaitable<base::result<>> write(std::span<const boost::asio::const_buffer> buffers) override {
        for (const auto& one : buffers) heard_.append(static_cast<const char*>(one.data()), one.size());
        co_return base::result<>();
    }
    async::awaitable<base::result<net::tls_info>> start_tls_server(const net::tls_context&) override {
        co_return net::tls_info{
            .version = "TLSv1.3", .cipher = "none", .bits = 256, .peer_name = {}, .server_name = {}};
    }
    async::awaitable<base::result<net::tls_info>> start_tls_client(const net::tls_context&,
                                                                   const std::string&) override {
        co_return net::errc::tls_failed;
    }
    [[nodiscard]] std::string tls_fault() const override { return {}; }
    void cancel() override {}
    void end_writing() override {}
    void close() override {}
    [[nodiscard]] std::optional<net::endpoint> peer() const override { return peer_; }
    [[nodiscard]] std::optional<net::endpoint> local() const override { return std::nullopt; }

private:
    std::deque<std::string> segments_;
    std::optional<net::endpoint> peer_;
    std::string& heard_;
    bool sent_ = false;
};

class recording_store final : public test::forwarding_store {
public:
    async::awaitable<base::result<>> insert(const spool::queued_message& entry) override {
        inserted.push_back(entry.envelopes);
        co_return base::result<>();
    }
    void apply(spool::change) override {}
    void correct_times(async::wall_time, async::wall_time) override {}

    std::vector<std::vector<spool::envelope>> inserted;
};

class no_reports final : public queue::report_router {
public:
    async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox) override {
        co_return std::vector<spool::envelope>();
    }
};

/// "550 5.7.1 Rejected by policy", or the envelopes, a line each.
std::string text_of(const std::vector<spool::envelope>& envelopes, async::wall_time now) {
    std::string text;
    for (const spool::envelope& one : envelopes) {
        const auto life = std::chrono::duration_cast<std::chrono::seconds>(one.expires - now);
        text += one.hop.action + "/" + one.hop.domain + " " + one.recipient.address.text() + " given " + one.original +
                " user " + one.user + "+" + one.extension + " " + one.target + " " +
                mail::to_text(one.recipient.notify) + " " + std::to_string(life.count()) + "s\n";
    }
    return text;
}

struct world {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    observe::log log{{.lowest = observe::level::error}};
    async::thread_pool io{1};
    test::fake_resolver dns;
    recording_store store;
    no_reports router;
    queue::mail_queue queue{loop.get_executor(), store, clock, log, router, {.host = "mx.example.org", .ttl = 3600s}};
    test::fake_user_files files;
    world_tables tables;
    config::generation settings;
    std::shared_ptr<const mail::srs> srs =
        std::make_shared<mail::srs>(mail::srs_settings{.key = base::secret("key"), .backup = {}, .ttl = 96h});
    std::string leads_back;

    world() {
        test::finish(loop, queue.stop());  // it takes nothing up
        settings.queue.ttl = 3600s;
        dns.pointer("192.0.2.1", {"client.example"}).host("client.example", {"192.0.2.1"});
        dns.pointer("192.0.2.2", {"liar.example"}).host("liar.example", {"192.0.2.99"});
        dns.pointers.insert_or_assign("192.0.2.3", dns::errc::unavailable);
        files.lists["/list"] = "ada\nbob\n";
        const auto sender = mail::reverse_path::from_text("eve@origin.example").value();
        leads_back = srs->forwarded(sender, mail::domain::parse("example.org").value(), clock.wall()).text();
    }

    void make_rules() {
        using method = rules::action::method;
        using expansion = rules::action::expansion;
        std::vector<std::unique_ptr<rules::action>> actions;
        for (const method by : {method::relay_host, method::relay_by_domain, method::local, method::mailbox_store,
                                method::expand_only, method::forward_only}) {
            auto made = std::make_unique<rules::action>();
            made->name = "action" + std::to_string(actions.size());
            made->kind = by;
            made->users = &tables.user_base;
            made->expand = any_of(std::array{expansion::none, expansion::alias, expansion::virtual_users});
            made->expand_with = &tables.all[6];
            made->reads_forward = one_in(2);
            if (one_in(3)) made->ttl = 60s;
            actions.push_back(std::move(made));
        }
        std::vector<rules::rule> lines;
        for (unsigned count = random_source() % 6 + 1; count > 0; --count) {
            rules::rule line;
            for (unsigned wanted = random_source() % 4; wanted > 0; --wanted)
                line.conditions.push_back(any_condition());
            line.outcome = one_in(6) ? nullptr : actions[random_source() % actions.size()].get();
            line.authenticated_pass_source = one_in(5);
            line.line = {"conf", lines.size() + 1};
            lines.push_back(std::move(line));
        }
        settings.rules = std::make_unique<rules::ruleset>(
            std::move(actions), std::move(lines),
            rules::addressing{.local_names = {"localhost", "example.org"}, .srs = one_in(2) ? srs : nullptr});
    }

    rules::condition any_condition() {
        constexpr std::array subjects{subject::tag,         subject::from_any,       subject::from_local,
                                      subject::from_socket, subject::from_source,    subject::from_rdns,
                                      subject::from_auth,   subject::from_mail_from, subject::for_any,
                                      subject::for_local,   subject::for_domain,     subject::for_recipient,
                                      subject::helo,        subject::auth,           subject::tls,
                                      subject::mail_from,   subject::rcpt_to};
        return {.tested = any_of(subjects), .negated = one_in(3), .regex = one_in(8), .values = &tables.any()};
    }

    /// Two for TCP, with what an administrator may demand there, and the socket.
    void make_listeners() {
        using smtp::requirement;
        constexpr std::array demands{requirement::no, requirement::offered, requirement::required};
        static const auto tls =
            net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = {}});
        settings.inbound.listeners.clear();
        for (const std::uint16_t port : std::array<std::uint16_t, 3>{25, 587, 0}) {
            inbound::listener_settings made{
                .endpoint = {}, .protocol = {.host = mail::domain::parse("mx.example.org").value()}, .tls = tls};
            made.tag = any_of(tags);
            if (port != 0) {
                made.endpoint = net::endpoint{boost::asio::ip::make_address("192.0.2.100"), port};
                made.implicit_tls = one_in(5);
                made.protocol.tls = any_of(demands);
                made.protocol.auth = any_of(demands);
                made.passwords = &tables.passwords;
                made.senders = one_in(3) ? &tables.senders : nullptr;
            }
            settings.inbound.listeners.push_back(std::move(made));
        }
    }

    cli::question any_question() {
        cli::question asked{.from_ip = any_of(addresses), .user = any_of(users), .helo = any_of(helos)};
        asked.sender = any_of(senders);
        asked.recipient = one_in(8) ? leads_back : any_of(recipients);
        asked.tls = one_in(2);
        asked.listener = asked.from_ip.empty() ? "socket" : any_of(std::array{"192.0.2.100:25", "192.0.2.100:587"});
        return asked;
    }

    std::string explained(const cli::question& asked) {
        auto client = cli::visit_of(asked, settings.inbound);
        REQUIRE(std::holds_alternative<cli::visit>(client));
        const auto done =
            test::finish(loop, cli::rehearse(settings, std::get<cli::visit>(std::move(client)), dns, files, clock));
        if (const auto* refused = std::get_if<mail::status>(&done.answer)) return refused->line();
        return text_of(std::get<0>(done.answer), clock.wall());
    }

    std::string heard_by_client(const cli::question& asked) {
        const auto& all = settings.inbound.listeners;
        const auto& listener = asked.listener == "socket" ? all[2] : asked.listener.ends_with(":25") ? all[0] : all[1];
        std::deque<std::string> segments;
        if (*asked.tls && !listener.implicit_tls) segments.push_back("EHLO " + *asked.helo + "\r\nSTARTTLS\r\n");
        std::string rest = "EHLO " + *asked.helo + "\r\n";
        if (!asked.user.empty()) {
            using namespace std::string_literals;
            rest += "AUTH PLAIN " + base::base64_encode("\0"s + asked.user + "\0-"s) + "\r\n";
        }
        rest += "MAIL FROM:<" + (asked.sender == "<>" ? "" : asked.sender) + ">\r\nRCPT TO:<" + asked.recipient +
                ">\r\nDATA\r\n";
        segments.push_back(std::move(rest));
        std::optional<net::endpoint> peer;
        if (!asked.from_ip.empty()) peer = net::endpoint{*net::parse_address(asked.from_ip), 12345};

        std::string heard;
        const inbound::dependencies with{clock, log, io, dns, store, queue, files};
        settings.inbound.rules = settings.rules.get();
        inbound::budgets shared(settings.inbound);
        inbound::session one(loop.get_executor(), with, settings.inbound, listener, shared,
                             std::make_unique<scripted_client>(std::move(segments), peer, heard));
        store.inserted.clear();
        test::finish(loop, one.run());
        // A client that was refused a login may go on without; explain stops there.
        const std::string refusal = first_refusal(heard);
        if (!refusal.empty()) return refusal;
        if (store.inserted.empty()) return "nothing was refused: " + heard;
        std::vector<spool::envelope> kept = store.inserted.front();
        return text_of(kept, clock.wall());
    }

    static std::string first_refusal(const std::string& heard) {
        for (std::size_t begin = 0, end = 0; (end = heard.find("\r\n", begin)) != std::string::npos; begin = end + 2) {
            if (heard[begin] == '4' || heard[begin] == '5') return heard.substr(begin, end - begin);
        }
        return {};
    }
};

unsigned wanted_cases() {
    const char* given = std::getenv("WAYPOST_EXPLAIN_CASES");
    return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : 10'000;
}

}  // namespace

TEST_CASE("audit 32: explain says of any client under any rules what the daemon does", "[cli][explain]") {
    world here;
    const unsigned cases = wanted_cases();
    std::map<char, unsigned> kinds;
    for (unsigned number = 0; number < cases; ++number) {
        // Some questions under the same rules.
        if (number % 8 == 0) {
            here.tables.break_some();
            here.make_rules();
            here.make_listeners();
            here.files.forwards.clear();
            if (one_in(2)) here.files.forwards["/home/ada"] = "\\ada, away@elsewhere.example, |vacation";
        }
        const cli::question asked = here.any_question();
        const std::string daemon = here.heard_by_client(asked);
        const std::string explain = here.explained(asked);
        if (daemon != explain) {
            CAPTURE(number, asked.from_ip, asked.user, *asked.helo, *asked.tls, asked.listener, asked.sender,
                    asked.recipient);
            REQUIRE(explain == daemon);
        }
        ++kinds[daemon.front()];
    }
    CHECK(kinds['4'] > cases / 100);
    CHECK(kinds['5'] > cases / 10);
    CHECK(kinds['a'] > cases / 20);  // actions: accepted
}
