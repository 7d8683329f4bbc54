#include "waypost/queue/mail_queue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <set>

#include "reports.hpp"
#include "support/captured_stderr.hpp"
#include "support/fake_store.hpp"
#include "support/run_to_end.hpp"
#include "support/virtual_clock.hpp"
#include "waypost/spool/expansion_notice.hpp"

using namespace waypost;
using namespace waypost::queue;
using namespace std::chrono_literals;
using spool::next_hop;
using test::fake_store;

namespace {

const next_hop outbound{"outbound", "example.com"};
const next_hop home{"reports", ""};

mail::mailbox address(std::string_view text) { return mail::mailbox::parse(text).value(); }

/// Keeps what it is given until the test says what became of it.
class patient_transport final : public transport {
public:
    void carry(queued_message task) override { tasks.push_back(std::move(task)); }
    std::vector<queued_message> tasks;
};

class fixed_router final : public report_router {
public:
    async::awaitable<base::result<std::vector<spool::envelope>>> route(mail::mailbox recipient) override {
        most_at_once = std::max(most_at_once, ++at_once);
        if (pause) co_await pause();
        --at_once;
        if (throws) throw std::runtime_error("a bug in the rules");
        if (failure) co_return failure;
        if (nowhere) co_return std::vector<spool::envelope>();
        const spool::envelope back{.hop = home, .recipient = {.address = std::move(recipient)}};
        co_return std::vector{back};
    }
    bool nowhere = false;
    bool throws = false;
    base::error_code failure;
    std::function<async::awaitable<>()> pause;
    std::size_t at_once = 0;
    std::size_t most_at_once = 0;
};

struct letter {
    std::vector<std::string> recipients = {"user@example.com"};
    std::string sender = "sender@example.org";
    mail::dsn_notify notify = {};
    mail::dsn_return ret = mail::dsn_return::unspecified;
    std::string text = "Subject: hello\r\nX-Mark: seen\r\n\r\nthe body\r\n";
    next_hop hop = outbound;
    std::string original = {};
};

struct post_office {
    boost::asio::io_context loop;
    test::virtual_clock clock{loop};
    fake_store store;
    observe::log log{{.lowest = observe::level::error}};
    fixed_router router;
    patient_transport out;
    patient_transport back;
    settings options{.host = "mx.example.com"};
    std::optional<mail_queue> queue;

    /// Without jitter, so that moments are those of the schedule.
    explicit post_office(settings settings = {.host = "mx.example.com"}, unsigned jitter_percent = 0)
        : options(std::move(settings)) {
        options.retry.jitter_percent = jitter_percent;
        open();
    }
    ~post_office() { close(); }
    post_office(const post_office&) = delete;
    post_office& operator=(const post_office&) = delete;

    void open() {
        queue.emplace(loop.get_executor(), store, clock, log, router, options);
        queue->assign("outbound", out, false);
        queue->assign("reports", back, true);
        queue->start();
        clock.settle();
    }
    void close() {
        if (!queue) return;
        bool stopped = false;
        boost::asio::co_spawn(loop, queue->stop(), [&](std::exception_ptr) { stopped = true; });
        while (!stopped) clock.advance(100ms);
        out.tasks.clear();
        back.tasks.clear();
        queue.reset();
    }

    async::awaitable<bool> commit(letter what) {
        spool::transaction next(store);
        co_await next.text().append(what.text);
        for (const std::string& each : what.recipients)
            next.add({.hop = what.hop,
                      .recipient = {.address = address(each), .notify = what.notify},
                      .original = what.original,
                      .expires = clock.wall() + options.ttl});
        mail::sender from{
            .address = mail::reverse_path::from_text(what.sender).value(), .ret = what.ret, .envelope_id = "QQ314"};
        auto kept = co_await next.commit(std::move(from), clock.wall(), false);
        if (kept.has_error()) co_return false;
        queue->accepted(std::move(*kept));
        co_return true;
    }
    void send(letter what = {}) {
        REQUIRE(test::run_to_end(loop, commit(std::move(what))));
        clock.settle();
    }
    /// Takes the oldest task of a transport.
    static queued_message take(patient_transport& from) {
        REQUIRE_FALSE(from.tasks.empty());
        queued_message first = std::move(from.tasks.front());
        from.tasks.erase(from.tasks.begin());
        return first;
    }
    void report_all(queued_message task, const outcome& came) {
        for (spool::envelope& each : task.envelopes) queue->report(task.message, std::move(each), came);
        clock.settle();
    }
    std::string text_of(const queued_message& task) {
        auto text = test::run_to_end(loop, queue->content_of(task.message));
        return text.value()->text();
    }
    /// The report that is in the hands of its transport.
    std::string report_text() {
        REQUIRE(back.tasks.size() == 1);
        CHECK(back.tasks[0].message->sender.address.is_null());
        CHECK(back.tasks[0].envelopes.at(0).recipient.address.text() == "sender@example.org");
        return text_of(back.tasks[0]);
    }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const auto ok = delivered{.status = mail::status::success("2.0.0", "taken")};
const auto greylisted = deferred{mail::status::transient("4.7.1", "come back later"), "mx.example.com"};
const auto no_such_user = failed{mail::status::permanent("5.1.1", "no such user"), "mx.example.com"};

}  // namespace

TEST_CASE("an accepted message is carried at once, with its content, and gone when delivered", "[queue][mail_queue]") {
    post_office office;
    office.send();
    queued_message first = office.take(office.out);
    REQUIRE(first.message->text != nullptr);
    CHECK(first.envelopes.at(0).recipient.address.text() == "user@example.com");
    office.report_all(std::move(first), ok);
    CHECK(office.store.envelopes.empty());
    CHECK(office.store.messages.empty());
    CHECK(office.back.tasks.empty());
}

TEST_CASE("the recipients of a message are one task for each next hop", "[queue][mail_queue]") {
    post_office office;
    office.send({.recipients = {"a@example.com", "b@example.com"}});
    CHECK(office.out.tasks.size() == 1);
    CHECK(office.out.tasks.at(0).envelopes.size() == 2);
}

TEST_CASE("content beyond the budget is read back from the store", "[queue][mail_queue]") {
    post_office office({.host = "mx.example.com", .content_budget = 60});
    office.send();
    office.send();
    REQUIRE(office.out.tasks.size() == 2);
    CHECK(office.out.tasks[0].message->text != nullptr);
    CHECK(office.out.tasks[1].message->text == nullptr);
    CHECK(has(office.text_of(office.out.tasks[1]), "the body"));
}

TEST_CASE("a deferred envelope is tried at the moments of the schedule, with its content on disk",
          "[queue][mail_queue]") {
    post_office office;
    const auto begin = office.clock.wall();
    office.send();
    for (const auto moment : {400s, 1600s, 3600s, 6400s}) {
        office.report_all(office.take(office.out), greylisted);
        CHECK(office.out.tasks.empty());
        office.clock.advance(begin + moment - 1s - office.clock.wall());
        CHECK(office.out.tasks.empty());
        office.clock.advance(2s);
        REQUIRE(office.out.tasks.size() == 1);
        CHECK(office.out.tasks[0].message->text == nullptr);
        CHECK(office.out.tasks[0].envelopes[0].last.text() == "come back later");
    }
}

TEST_CASE("messages that are deferred together come back at moments of their own, and a list's neighbours together",
          "[queue][mail_queue]") {
    post_office office({.host = "mx.example.com"}, 10);
    const auto begin = office.clock.wall();
    for (int n = 0; n < 50; ++n) office.send({.recipients = {"a@example.com", "b@example.com", "c@example.com"}});
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), greylisted);
    std::map<async::wall_time, std::set<spool::message_id>> moments;
    std::map<spool::message_id, std::set<async::wall_time>> of_message;
    for (const auto& [id, each] : office.store.envelopes) {
        CHECK(each.next_try > begin + 359s);
        CHECK(each.next_try <= begin + 401s);
        moments[each.next_try].insert(message_of(id));
        of_message[message_of(id)].insert(each.next_try);
    }
    CHECK(moments.size() > 15);
    for (const auto& [id, its] : of_message) CHECK(its.size() == 1);
}

TEST_CASE("local mail has a schedule of its own", "[queue][mail_queue]") {
    post_office office;
    office.send({.hop = home});
    office.report_all(office.take(office.back), greylisted);
    office.clock.advance(11s);
    CHECK(office.back.tasks.size() == 1);
}

TEST_CASE("mail that waits is taken up by the next process", "[queue][mail_queue]") {
    post_office office;
    office.send({.recipients = {"never-tried@example.com"}});
    office.send({.recipients = {"deferred@example.com"}});
    queued_message tried = office.take(office.out);
    queued_message second = office.take(office.out);
    office.report_all(std::move(second), greylisted);
    office.close();
    office.open();
    REQUIRE(office.out.tasks.size() == 1);
    CHECK(office.out.tasks[0].envelopes[0].recipient.address.text() == "never-tried@example.com");
    office.clock.advance(401s);
    CHECK(office.out.tasks.size() == 2);
}

TEST_CASE("a permanent failure is reported to the sender, and then the envelope ends", "[queue][mail_queue][report]") {
    post_office office;
    office.send({.original = "alias@example.com"});
    office.report_all(office.take(office.out), no_such_user);
    CHECK(office.store.envelopes.size() == 1);
    office.clock.advance(1s);
    const std::string text = office.report_text();
    CHECK(has(text, "multipart/report"));
    CHECK(has(text, "user@example.com"));
    CHECK(has(text, "alias@example.com"));
    CHECK(has(text, "5.1.1"));
    CHECK(has(text, "no such user"));
    CHECK(has(text, "QQ314"));
    CHECK(has(text, "X-Mark: seen"));
    CHECK_FALSE(has(text, "the body"));
    REQUIRE(office.store.envelopes.size() == 1);
    CHECK(office.store.envelopes.begin()->second.is.hop == home);
}

TEST_CASE("recipients that fail together are in one report", "[queue][mail_queue][report]") {
    post_office office;
    office.send({.recipients = {"a@example.com", "b@example.com", "c@example.com"}});
    queued_message all = office.take(office.out);
    office.queue->report(all.message, all.envelopes[0], no_such_user);
    office.queue->report(all.message, all.envelopes[1], ok);
    office.clock.advance(100ms);
    office.queue->report(all.message, all.envelopes[2], no_such_user);
    office.clock.advance(1s);
    const std::string text = office.report_text();
    CHECK(has(text, "a@example.com"));
    CHECK_FALSE(has(text, "b@example.com"));
    CHECK(has(text, "c@example.com"));
}

TEST_CASE("RET=FULL returns the whole message, unless it is too long", "[queue][mail_queue][report]") {
    post_office office({.host = "mx.example.com", .longest_return = 1000});
    office.send({.ret = mail::dsn_return::full});
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    CHECK(has(office.report_text(), "the body"));
    office.back.tasks.clear();

    office.send(
        {.ret = mail::dsn_return::full, .text = "X-Mark: seen\r\n\r\nthe body " + std::string(1000, 'x') + "\r\n"});
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    const std::string text = office.report_text();
    CHECK(has(text, "X-Mark: seen"));
    CHECK_FALSE(has(text, "the body"));
}

TEST_CASE("a bounce of a bounce is dropped", "[queue][mail_queue][report]") {
    post_office office;
    office.send({.sender = ""});
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    CHECK(office.back.tasks.empty());
    CHECK(office.store.envelopes.empty());
}

TEST_CASE("NOTIFY says which reports the sender wants", "[queue][mail_queue][report]") {
    using mail::dsn_notify;
    struct example {
        dsn_notify notify;
        bool on_failure, on_delay, on_success;
    };
    const auto given =
        GENERATE(example{{}, true, true, false}, example{{.specified = true, .never = true}, false, false, false},
                 example{{.specified = true, .success = true}, false, false, true},
                 example{{.specified = true, .failure = true}, true, false, false},
                 example{{.specified = true, .delay = true}, false, true, false});
    post_office office;
    office.send({.notify = given.notify});
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    CHECK(office.back.tasks.size() == (given.on_failure ? 1 : 0));
    office.back.tasks.clear();

    office.send({.notify = given.notify});
    office.report_all(office.take(office.out), ok);
    office.clock.advance(1s);
    CHECK(office.back.tasks.size() == (given.on_success ? 1 : 0));
    office.back.tasks.clear();

    office.send({.notify = given.notify});
    for (int n = 0; n < 6; ++n) {
        office.report_all(office.take(office.out), greylisted);
        office.clock.advance(2h);
    }
    CHECK(office.back.tasks.size() == (given.on_delay ? 1 : 0));
}

TEST_CASE("success is reported as delivered or as relayed, or by the next host itself", "[queue][mail_queue][report]") {
    const mail::dsn_notify success{.specified = true, .success = true};
    post_office office;
    office.send({.notify = success});
    office.report_all(office.take(office.out), ok);
    CHECK(has(office.report_text(), "Action: delivered"));
    office.back.tasks.clear();

    office.send({.notify = success});
    office.report_all(office.take(office.out),
                      delivered{.status = ok.status, .remote = "mx.example.com", .final = false});
    CHECK(has(office.report_text(), "Action: relayed"));
    office.back.tasks.clear();

    office.send({.notify = success});
    office.report_all(office.take(office.out),
                      delivered{.status = ok.status, .remote = {}, .final = false, .dsn_passed = true});
    CHECK(office.back.tasks.empty());
}

TEST_CASE("what is not delivered in its time comes back, with the last words heard", "[queue][mail_queue][report]") {
    post_office office;
    office.send({.notify = {.specified = true, .failure = true}});
    const auto begin = office.clock.wall();
    while (office.back.tasks.empty() && office.clock.wall() < begin + 200h) {
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), greylisted);
        office.clock.advance(1min);
    }
    CHECK(office.clock.wall() >= begin + 96h);
    CHECK(office.clock.wall() <= begin + 96h + 5min);
    const std::string text = office.report_text();
    CHECK(has(text, "Action: failed"));
    CHECK(has(text, "4.4.7"));
    CHECK(has(text, "come back later"));
}

TEST_CASE("audit 39: a report names a short life in minutes or seconds", "[queue][mail_queue][report]") {
    const auto [life, words] = GENERATE(table<std::chrono::seconds, std::string>({{1s, "within 1 second;"},
                                                                                  {30s, "within 30 seconds;"},
                                                                                  {20min, "within 20 minutes;"},
                                                                                  {4h, "within 4 hours;"},
                                                                                  {96h, "within 96 hours;"}}));
    post_office office({.host = "mx.example.com", .ttl = life});
    office.send({.notify = {.specified = true, .failure = true}});
    const auto begin = office.clock.wall();
    while (office.back.tasks.empty() && office.clock.wall() < begin + 200h) {
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), greylisted);
        office.clock.advance(1min);
    }
    std::string text = office.report_text();
    for (auto fold = text.find("\r\n    "); fold != std::string::npos; fold = text.find("\r\n    ", fold)) {
        text.replace(fold, 6, " ");
    }
    CHECK(has(text, words));
}

TEST_CASE("audit 24: the report of an 8-bit message is 7-bit", "[queue][mail_queue][report]") {
    post_office office;
    office.send({.ret = mail::dsn_return::full,
                 .text = "X-Mark: s\xc3\xa4\r\n\r\nthe b\xc3\xb6"
                         "dy\r\n"});
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    const std::string text = office.report_text();
    CHECK(has(text, "X-Mark: s=C3=A4"));
    CHECK(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    CHECK_FALSE(office.back.tasks.at(0).message->eight_bit);
}

TEST_CASE("audit 37: an expansion is reported by itself, once, and is no delivery", "[queue][mail_queue][report]") {
    post_office office;
    office.send({.recipients = {"list@example.com"},
                 .notify = {.specified = true, .success = true},
                 .hop = spool::expansion_notice()});
    CHECK(office.out.tasks.empty());
    const std::string text = office.report_text();
    CHECK(has(text, "Action: expanded\r\n"));
    CHECK(has(text, "Final-Recipient: rfc822; list@example.com\r\n"));
    CHECK(has(text, "Status: 2.1.5\r\n"));
    REQUIRE(office.store.envelopes.size() == 1);
    CHECK(office.store.envelopes.begin()->second.is.hop == home);
}

TEST_CASE("audit 37: the notice of an expansion waits for a store that refuses", "[queue][mail_queue][report]") {
    post_office office;
    office.router.failure = spool::errc::unavailable;
    office.send({.recipients = {"list@example.com"},
                 .notify = {.specified = true, .success = true},
                 .hop = spool::expansion_notice()});
    CHECK(office.back.tasks.empty());
    CHECK(office.store.envelopes.size() == 1);
    office.router.failure = {};
    office.clock.advance(401s);
    CHECK(has(office.report_text(), "Action: expanded\r\n"));
}

TEST_CASE("the notice of an expansion that cannot be reported in its time is given up", "[queue][mail_queue][report]") {
    post_office office;
    office.router.failure = spool::errc::unavailable;
    office.send({.recipients = {"list@example.com"},
                 .notify = {.specified = true, .success = true},
                 .hop = spool::expansion_notice()});
    office.clock.advance(office.options.ttl - 1h);
    CHECK(office.store.envelopes.size() == 1);
    office.clock.advance(2h);
    CHECK(office.store.envelopes.empty());
    CHECK(office.back.tasks.empty());
}

TEST_CASE("an exception at the settling of a report stops neither its neighbours nor the line", "[queue][reports]") {
    post_office office;
    settings how{.host = "mx.example.com"};
    how.reports_at_a_time = 1;
    async::task_group coroutines(office.loop.get_executor());
    std::vector<spool::envelope_id> settled;
    std::vector<spool::receipt> kept;
    reports all(
        {office.store, office.clock, office.log, office.router, how, coroutines},
        [&](const spool::envelope& envelope, const spool::change&) {
            settled.push_back(envelope.id);
            if (settled.size() == 1) throw std::runtime_error("a bug in the windows");
        },
        [&](spool::receipt receipt) {
            kept.push_back(std::move(receipt));
            throw std::runtime_error("a bug in the queue");
        });
    office.send({.recipients = {"a@example.com", "b@example.com"}});
    office.send({.recipients = {"c@example.com"}});
    while (!office.out.tasks.empty()) {
        queued_message what = office.take(office.out);
        for (const spool::envelope& each : what.envelopes) {
            const spool::remove done{each.id};
            all.owe(what.message, mail::report_kind::failed, {each, no_such_user.status, {}, done, done});
        }
    }
    office.clock.advance(1min);
    CHECK(settled.size() == 3);
    CHECK(kept.size() == 2);
    kept.clear();
}

TEST_CASE("a delay is reported once for each interval", "[queue][mail_queue][report]") {
    post_office office({.host = "mx.example.com", .warn_intervals = {4h, 24h}});
    office.send();
    std::size_t warnings = 0;
    for (int hour = 0; hour < 90; ++hour) {
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), greylisted);
        office.clock.advance(1h);
        if (!office.back.tasks.empty()) CHECK(has(office.report_text(), "Action: delayed"));
        warnings += std::exchange(office.back.tasks, {}).size();
    }
    CHECK(warnings == 2);
}

TEST_CASE("an envelope is tried again when its report cannot be kept", "[queue][mail_queue][report]") {
    post_office office;
    office.send();
    SECTION("because the store refuses") {
        office.store.refuses = [](fake_store::verb what) { return what == fake_store::verb::insert; };
    }
    SECTION("because the way back is not known now") { office.router.failure = spool::errc::unavailable; }
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    CHECK(office.back.tasks.empty());
    CHECK(office.store.envelopes.size() == 1);

    office.store.refuses = [](fake_store::verb) { return false; };
    office.router.failure = {};
    office.clock.advance(400s);
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    CHECK(has(office.report_text(), "no such user"));
}

TEST_CASE("audit 11: a few reports are made at a time, and all of them in the end", "[queue][mail_queue][report]") {
    settings how{.host = "mx.example.com"};
    how.reports_at_a_time = 3;
    post_office office(std::move(how));
    office.router.pause = [&] { return office.clock.sleep_for(10s); };
    for (int n = 0; n < 50; ++n) office.send({.ret = mail::dsn_return::full});
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(5s);
    CHECK(office.store.envelopes.size() == 50);  // none ends before it is reported
    office.clock.advance(10s * 20);
    CHECK(office.router.most_at_once == 3);
    CHECK(office.back.tasks.size() == 50);
    CHECK(office.store.envelopes.size() == 50);  // the reports
}

TEST_CASE("audit 11: reports that wait in line are made before the queue ends", "[queue][mail_queue][report]") {
    settings how{.host = "mx.example.com"};
    how.reports_at_a_time = 2;
    post_office office(std::move(how));
    office.router.pause = [&] { return office.clock.sleep_for(100ms); };
    for (int n = 0; n < 20; ++n) office.send();
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), no_such_user);
    office.close();
    CHECK(office.store.envelopes.size() == 20);
    for (const auto& [id, each] : office.store.envelopes) CHECK(each.is.hop == home);
}

TEST_CASE("a fault in the program leaves no envelope in flight", "[queue][mail_queue]") {
    post_office office({.host = "mx.example.com", .window = 2});
    const test::captured_stderr output;
    for (int n = 0; n < 6; ++n) office.send();
    SECTION("where the store is asked") {
        office.store.refuses = [](fake_store::verb) -> bool { throw std::runtime_error("a bug in the store"); };
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), ok);
        office.clock.advance(1s);
        CHECK(office.out.tasks.empty());
        office.store.refuses = [](fake_store::verb) { return false; };
    }
    SECTION("where the timer asks it") {
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), greylisted);
        office.store.refuses = [](fake_store::verb) -> bool { throw std::runtime_error("a bug in the store"); };
        office.clock.advance(410s);
        CHECK(office.out.tasks.empty());
        office.store.refuses = [](fake_store::verb) { return false; };
    }
    SECTION("where a report is made") {
        office.router.throws = true;
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), no_such_user);
        office.clock.advance(1s);
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), no_such_user);
        office.router.throws = false;
    }
    for (int round = 0; round < 100 && !office.store.envelopes.empty(); ++round) {
        office.clock.advance(60s);
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), ok);
        while (!office.back.tasks.empty()) office.report_all(office.take(office.back), ok);
    }
    CHECK(office.store.envelopes.empty());
}

TEST_CASE("a report that has nowhere to go is dropped", "[queue][mail_queue][report]") {
    post_office office;
    office.router.nowhere = true;
    office.send();
    office.report_all(office.take(office.out), no_such_user);
    office.clock.advance(1s);
    CHECK(office.store.envelopes.empty());
}

TEST_CASE("a report that is owed is made before the queue ends", "[queue][mail_queue][report]") {
    post_office office;
    office.send();
    office.report_all(office.take(office.out), no_such_user);
    office.close();
    REQUIRE(office.store.envelopes.size() == 1);
    CHECK(office.store.envelopes.begin()->second.is.hop == home);
}

TEST_CASE("mail for an action that is not configured is deferred", "[queue][mail_queue]") {
    post_office office;
    office.send({.hop = {"gone", ""}});
    CHECK(office.out.tasks.empty());
    REQUIRE(office.store.envelopes.size() == 1);
    const auto& kept = office.store.envelopes.begin()->second;
    CHECK(kept.is.tries == 1);
    CHECK(kept.is.last.enhanced().text() == "4.3.5");
    CHECK(kept.next_try == office.clock.wall() + 400s);
}

TEST_CASE("a window keeps the rest of a next hop's mail on disk, and none is forgotten", "[queue][mail_queue]") {
    post_office office({.host = "mx.example.com", .window = 10});
    for (int n = 0; n < 50; ++n) office.send();
    CHECK(office.out.tasks.size() == 12);
    std::set<spool::envelope_id> seen;
    std::size_t carried = 0;
    while (!office.out.tasks.empty()) {
        CHECK(office.out.tasks.size() <= 12);  // a window and its reserve
        queued_message next = office.take(office.out);
        seen.insert(next.envelopes.at(0).id);
        ++carried;
        office.report_all(std::move(next), ok);
    }
    CHECK(carried == 50);
    CHECK(seen.size() == 50);
    CHECK(office.store.envelopes.empty());
}

TEST_CASE("letters overtake a list that came before them, and the list goes on", "[queue][mail_queue]") {
    post_office office({.host = "mx.example.com", .window = 40});
    std::vector<std::string> many;
    for (int n = 0; n < 2000; ++n) many.push_back("user" + std::to_string(n) + "@example.com");
    office.send({.recipients = many});
    constexpr std::size_t letters = 100;
    for (std::size_t n = 0; n < letters; ++n) office.send({.recipients = {"letter@example.com"}});
    std::size_t of_list = 0;
    std::size_t of_letters = 0;
    std::size_t before_last_letter = 0;
    std::size_t most_in_hand = 0;
    while (!office.out.tasks.empty()) {
        std::size_t in_hand = 0;
        for (const queued_message& each : office.out.tasks) in_hand += each.envelopes.size();
        most_in_hand = std::max(most_in_hand, in_hand);
        queued_message next = office.take(office.out);
        const bool is_letter = next.envelopes[0].recipient.address.text() == "letter@example.com";
        (is_letter ? of_letters : of_list) += next.envelopes.size();
        if (is_letter) before_last_letter = of_list;
        office.report_all(std::move(next), ok);
    }
    CHECK(of_list == 2000);
    CHECK(of_letters == letters);
    CHECK(most_in_hand <= 50);
    // A window of the list, and then it alternates.
    CHECK(before_last_letter <= 40 + letters);
}

TEST_CASE("a message with more recipients than the window is carried in parts", "[queue][mail_queue]") {
    post_office office({.host = "mx.example.com", .window = 10});
    std::vector<std::string> many;
    for (int n = 0; n < 35; ++n) many.push_back("user" + std::to_string(n) + "@example.com");
    office.send({.recipients = many});
    std::size_t recipients = 0;
    while (!office.out.tasks.empty()) {
        queued_message next = office.take(office.out);
        CHECK(next.envelopes.size() <= 10);
        recipients += next.envelopes.size();
        office.report_all(std::move(next), ok);
    }
    CHECK(recipients == 35);
}

TEST_CASE("a store that cannot answer is asked again", "[queue][mail_queue]") {
    post_office office;
    office.send();
    office.report_all(office.take(office.out), greylisted);
    office.store.refuses = [](fake_store::verb) { return true; };
    office.clock.advance(30min);
    CHECK(office.out.tasks.empty());
    office.store.refuses = [](fake_store::verb) { return false; };
    office.clock.advance(10s);
    CHECK(office.out.tasks.size() == 1);
}

TEST_CASE("the timer asks the store once a moment, however many envelopes wait", "[queue][mail_queue]") {
    post_office office;
    for (int n = 0; n < 100; ++n) {
        office.send();
        office.clock.advance(5ms);
    }
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), greylisted);
    office.store.asked.clear();
    office.clock.advance(399s);
    CHECK(office.store.asked[fake_store::verb::hops_due] <= 3);
    office.clock.advance(3s);
    CHECK(office.out.tasks.size() == 100);
    CHECK(office.store.asked[fake_store::verb::hops_due] <= 6);
}

TEST_CASE("a clock that is set back a day does not keep mail for a day", "[queue][mail_queue][clock]") {
    post_office office({.host = "mx.example.com", .window = 2});
    for (int n = 0; n < 5; ++n) office.send();
    office.report_all(office.take(office.out), greylisted);  // due in 400 s by the old clock
    office.clock.set_wall(office.clock.wall() - 24h);
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), ok);
    office.clock.advance(11min);
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), ok);
    CHECK(office.store.envelopes.empty());
}

TEST_CASE("audit 3: mail is tried in its time and once, though the clock is set back or forth",
          "[queue][mail_queue][clock]") {
    const auto back = GENERATE(as<std::chrono::seconds>(), 1s, 8s, 11s, 24h, -8s, -24h);
    const bool restarts = GENERATE(false, true);
    CAPTURE(back.count(), restarts);
    settings how{.host = "mx.example.com", .window = 2};  // so that most of the mail waits on disk
    how.retry.base = 1s;
    how.retry.longest = 60s;
    post_office office(std::move(how));
    const auto defer_for = [&](int rounds) {
        for (int round = 0; round < rounds; ++round) {
            for (int n = 0; n < 3 && !office.out.tasks.empty(); ++n)
                office.report_all(office.take(office.out), greylisted);
            office.clock.advance(1s);
        }
    };
    std::map<spool::envelope_id, int> delivered;
    const auto deliver_for = [&](int rounds) {
        for (int round = 0; round < rounds && !office.store.envelopes.empty(); ++round) {
            while (!office.out.tasks.empty()) {
                queued_message next = office.take(office.out);
                ++delivered[next.envelopes.at(0).id];
                office.report_all(std::move(next), ok);
            }
            while (!office.back.tasks.empty()) office.report_all(office.take(office.back), ok);
            office.clock.advance(1s);
        }
    };

    for (int n = 0; n < 6; ++n) office.send();
    defer_for(12);
    office.clock.set_wall(office.clock.wall() - back);
    if (restarts) {
        office.close();
        office.open();
    }
    for (int n = 0; n < 4; ++n) office.send();
    defer_for(5);
    deliver_for(back > 0s ? 130 : 700);  // how long the timer sleeps at most, when the clock was set forward
    CHECK(office.store.envelopes.empty());
    CHECK(delivered.size() == 10);
    for (const auto& [id, times] : delivered) CHECK(times == 1);
}

TEST_CASE("audit 3: new mail that waits on disk is not stranded by a clock that is set back a little",
          "[queue][mail_queue][clock]") {
    const auto back = GENERATE(as<std::chrono::milliseconds>(), 20ms, 1s, 8s, 11s, 24h);
    post_office office({.host = "mx.example.com", .window = 2});
    for (int n = 0; n < 6; ++n) office.send();
    office.clock.set_wall(office.clock.wall() - back);
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), ok);
    office.clock.advance(2s);
    while (!office.out.tasks.empty()) office.report_all(office.take(office.out), ok);
    CHECK(office.store.envelopes.empty());
}

TEST_CASE("a clock that is set forward makes mail due within minutes", "[queue][mail_queue][clock]") {
    post_office office;
    office.send();
    for (int n = 0; n < 4; ++n) {
        office.report_all(office.take(office.out), greylisted);
        if (n < 3) office.clock.advance(2h);
    }
    office.clock.set_wall(office.clock.wall() + 24h);
    office.clock.advance(11min);
    CHECK(office.out.tasks.size() == 1);
}

TEST_CASE("mail that waits for a host goes as soon as the host works again, and no other", "[queue][mail_queue]") {
    post_office office;
    const auto at_once = [&](queued_message task, bool for_host) {
        office.report_all(std::move(task), deferred{mail::status::transient("4.0.0", "x"), {}, for_host});
    };
    office.send({.recipients = {"no-connection@example.com"}});
    office.send({.recipients = {"greylisted@example.com"}});
    office.send({.recipients = {"elsewhere@example.net"}, .hop = {"outbound", "example.net"}});
    at_once(office.take(office.out), true);
    at_once(office.take(office.out), false);
    at_once(office.take(office.out), true);
    office.clock.advance(10s);
    CHECK(office.out.tasks.empty());
    office.queue->host_recovered(outbound);
    office.clock.settle();
    REQUIRE(office.out.tasks.size() == 1);
    CHECK(office.out.tasks[0].envelopes.at(0).recipient.address.text() == "no-connection@example.com");
    CHECK(office.out.tasks[0].envelopes.at(0).tries == 1);
    // It fails again, and has its place in the schedule.
    at_once(office.take(office.out), true);
    office.clock.advance(400s);
    CHECK(office.out.tasks.size() == 2);
    office.clock.advance(1200s);
    CHECK(office.out.tasks.size() == 3);
}

TEST_CASE("a host that works again gets what waits for it in parts, one a second", "[queue][mail_queue]") {
    settings how{.host = "mx.example.com"};
    how.max_deferred = 10;
    post_office office(std::move(how));
    for (int n = 0; n < 25; ++n) office.send();
    while (!office.out.tasks.empty())
        office.report_all(office.take(office.out), deferred{mail::status::transient("4.4.1", "x"), {}, true});
    office.clock.advance(10s);
    std::vector<std::size_t> parts;
    for (int second = 0; second < 4; ++second) {
        for (int success = 0; success < 20; ++success) office.queue->host_recovered(outbound);
        office.clock.settle();
        parts.push_back(office.out.tasks.size());
        while (!office.out.tasks.empty()) office.report_all(office.take(office.out), ok);
        office.clock.advance(1s);
    }
    CHECK(parts == std::vector<std::size_t>{10, 10, 5, 0});
    CHECK(office.store.envelopes.empty());
}

TEST_CASE("an outcome that nobody waits for is refused", "[queue][mail_queue]") {
    post_office office;
    office.send();
    queued_message first = office.take(office.out);
    queued_message again = first;
    office.report_all(std::move(first), greylisted);
    const auto until = office.store.envelopes.begin()->second.next_try;
    office.report_all(std::move(again), ok);
    CHECK(office.store.envelopes.size() == 1);
    CHECK(office.store.envelopes.begin()->second.next_try == until);
}
