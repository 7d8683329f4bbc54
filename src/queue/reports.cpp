#include "reports.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "waypost/base/exception_text.hpp"

namespace waypost::queue {
namespace {

// Longer header sections are cut in reports: nobody reads them, and they may have been made to be long.
constexpr std::size_t longest_header = std::size_t{64} * 1024;

mail::reported_recipient recipient_of(const owed_report& owed) {
    const spool::envelope& which = owed.which;
    std::string original = which.to.original;
    // The sender knows the address that he gave, not what an alias made of it.
    if (original.empty() && !which.given.empty()) original = "rfc822;" + mail::xtext_encode(which.given);
    return {.to = which.to.to,
            .original = std::move(original),
            .last = owed.said,
            .remote_host = owed.remote,
            .expanded_from = which.given,
            .is_local = !which.user.empty() || !which.target.empty()};
}

std::string_view word_for(mail::report_kind kind) {
    switch (kind) {
        case mail::report_kind::failed: return "failed";
        case mail::report_kind::delayed: return "delayed";
        case mail::report_kind::delivered: return "delivered";
        case mail::report_kind::relayed: return "relayed";
        case mail::report_kind::expanded: return "expanded";
    }
    return "";
}

/// Counts for as long as it lives.
class one_more {
public:
    explicit one_more(std::size_t& count) : count_(count) { ++count_; }
    ~one_more() { --count_; }
    one_more(const one_more&) = delete;
    one_more& operator=(const one_more&) = delete;

private:
    std::size_t& count_;
};

}  // namespace

async::awaitable<base::result<std::string>> read_text(const spool::content& from, bool header_only, std::size_t limit) {
    constexpr std::string_view header_end = "\r\n\r\n";
    std::string text;
    std::vector<char> scratch;
    while (text.size() < limit) {
        auto piece = co_await from.read(text.size(), scratch);
        if (piece.has_error()) co_return piece.error();
        if (piece->empty()) co_return text;
        const std::size_t looked_at = text.size() - std::min(text.size(), header_end.size());
        text += piece->substr(0, limit - text.size());
        if (!header_only) continue;
        if (const auto end = text.find(header_end, looked_at); end != std::string::npos) {
            text.resize(end + 2);
            co_return text;
        }
    }
    // Cut, but not within a line.
    if (const auto last = text.rfind("\r\n"); last != std::string::npos) text.resize(last + 2);
    co_return text;
}

void reports::owe(const std::shared_ptr<const spool::message>& about, mail::report_kind kind, owed_report what) {
    const key which{about->id, kind};
    auto [at, is_new] = waiting_.try_emplace(which, group{about, {}});
    at->second.recipients.push_back(std::move(what));
    if (is_new) around_.coroutines.start(send(which));
}

async::awaitable<> reports::send(key which) {
    // What it reports about has happened, so a queue that stops waits for it; that is not long.
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    // Those of a success wait for nothing but their neighbours of this turn of the loop: they were delivered, and a
    // crash before the report is kept delivers them again.
    co_await boost::asio::post(boost::asio::use_awaitable);
    const bool may_wait = which.second == mail::report_kind::failed || which.second == mail::report_kind::delayed;
    if (may_wait) co_await around_.clock.sleep_for(around_.how.report_pause);

    in_line_.push_back(which);
    if (makers_ >= around_.how.reports_at_a_time) co_return;  // one of them makes it
    const one_more this_maker(makers_);
    while (!in_line_.empty()) {
        const key next = in_line_.front();
        in_line_.pop_front();
        // The rest of the line is not to wait for a maker that an exception has ended.
        try {
            co_await make(next);
        } catch (...) {
            log_bug(std::current_exception());
        }
    }
}

async::awaitable<> reports::make(key which) {
    const group about = std::move(waiting_.extract(which).mapped());
    tell(which.second, about, co_await try_commit(which.second, about));
}

/// Each step by itself: what is not settled is in flight for ever, and a report that is kept is to be sent.
void reports::tell(mail::report_kind kind, const group& about, base::result<made> kept) {
    for (const owed_report& each : about.recipients)
        guarded([&] { settled_(each.which, kept.has_error() ? each.if_not : each.if_sent); });
    if (kept.has_error()) return guarded([&] { log("report-postponed", kind, about, kept.error().message()); });
    if (!kept->has_value()) return guarded([&] { log("report-dropped", kind, about, "there is nowhere to send it"); });
    guarded([&] { log("report", kind, about, spool::to_string((*kept)->message())); });
    guarded([&] { accepted_(**std::move(kept)); });
}

template <class Step>
void reports::guarded(Step step) const noexcept {
    try {
        step();
    } catch (...) {
        log_bug(std::current_exception());
    }
}

void reports::log_bug(const std::exception_ptr& bug) const noexcept {
    try {
        around_.log.error("queue", "bug", {{"what", base::text_of(bug)}});
    } catch (...) {  // there is nobody else to tell
    }
}

// What it reports about is in flight until it is settled, so an exception is a report that cannot be made now.
async::awaitable<base::result<reports::made>> reports::try_commit(mail::report_kind kind, const group& about) {
    try {
        co_return co_await commit(kind, about);
    } catch (...) {
        log_bug(std::current_exception());
    }
    co_return spool::errc::unavailable;
}

async::awaitable<base::result<reports::made>> reports::commit(mail::report_kind kind, const group& about) {
    const spool::message& message = *about.about;
    const mail::mailbox to = message.from.from.address().value();
    auto route = co_await around_.router.route(to);
    if (route.has_error()) co_return route.error();
    if (route->empty()) co_return made();

    const auto now = around_.clock.wall();
    // A report is 7-bit, and a message inside it cannot be encoded: of one that is not, the header section goes back.
    const bool whole = kind == mail::report_kind::failed && message.from.ret == mail::dsn_return::full &&
                       message.size <= around_.how.longest_return && !message.eight_bit;
    const std::string returned = co_await returned_part(message, whole);
    spool::transaction next(around_.store);
    mail::report report{.kind = kind,
                        .reporting_host = around_.how.host,
                        .to = message.from.from,
                        .envelope_id = message.from.envelope_id,
                        .arrived = message.arrived,
                        .at = now,
                        .expires = about.recipients.front().which.expires,
                        .message_id = spool::to_string(next.id()),
                        .recipients = {},
                        .returned = returned,
                        .whole_message = whole};
    for (const owed_report& each : about.recipients) report.recipients.push_back(recipient_of(each));
    const std::string text = mail::format_dsn(report);
    if (auto added = co_await next.text().append(text); added.has_error()) co_return added.error();
    for (spool::envelope& each : *route) {
        each.expires = now + around_.how.report_ttl;
        next.add(std::move(each));
    }
    mail::sender nobody;  // the null reverse-path: a report is never reported about
    auto kept = co_await next.commit(std::move(nobody), now, false);
    if (kept.has_error()) co_return kept.error();
    co_return made(std::move(*kept));
}

// A report without the part that it returns is better than none.
async::awaitable<std::string> reports::returned_part(const spool::message& about, bool whole) {
    std::shared_ptr<const spool::content> text = about.text;
    if (text == nullptr) {
        auto loaded = co_await around_.store.load(about.id);
        if (loaded.has_error()) co_return std::string();
        text = *loaded;
    }
    auto read = co_await read_text(*text, !whole, whole ? around_.how.longest_return : longest_header);
    if (read.has_error()) co_return std::string();
    co_return std::move(*read);
}

void reports::log(std::string_view event, mail::report_kind kind, const group& about, std::string_view why) const {
    for (const owed_report& each : about.recipients) {
        const bool ends = event == "report-postponed" && std::holds_alternative<spool::finished>(each.if_not);
        around_.log.info("queue", ends ? "report-dropped" : event,
                         {{"evpid", spool::to_string(each.which.id)},
                          {"kind", word_for(kind)},
                          {"from", "<>"},
                          {"to", about.about->from.from.text()},
                          {"rcpt", each.which.to.to.text()},
                          {"stat", each.said.line()},
                          {"result", why}});
    }
}

}  // namespace waypost::queue
