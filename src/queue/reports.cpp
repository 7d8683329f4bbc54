#include "reports.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <iterator>

#include "waypost/base/exception_text.hpp"

namespace waypost::queue {
namespace {

// Longer header sections are cut in reports: nobody reads them, and they may have been made to be long.
constexpr std::size_t longest_header = std::size_t{64} * 1024;
// A report about so many needs no file.
constexpr std::size_t few_recipients = 8;

mail::reported_recipient recipient_of(const owed_report& owed) {
    const spool::envelope& which = owed.envelope;
    std::string original = which.recipient.original;
    // The sender knows the address that he gave, not what an alias made of it.
    if (original.empty() && !which.original.empty()) original = "rfc822;" + mail::xtext_encode(which.original);
    return {.address = which.recipient.address,
            .original = std::move(original),
            .last = owed.status,
            .remote_host = owed.remote,
            .expanded_from = which.original,
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

async::awaitable<base::result<std::string>> read_text(const spool::content& content, bool header_only,
                                                      std::size_t limit) {
    constexpr std::string_view header_end = "\r\n\r\n";
    std::string text;
    std::vector<char> scratch;
    while (text.size() < limit) {
        auto piece = co_await content.read(text.size(), scratch);
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

void reports::owe(const std::shared_ptr<const spool::message>& message, mail::report_kind kind, owed_report report) {
    const key which{message->id, kind};
    auto [at, is_new] = waiting_.try_emplace(which, group{message, {}});
    at->second.recipients.push_back(std::move(report));
    if (is_new) context_.coroutines.start(send(which));
}

async::awaitable<> reports::send(key report_key) {
    // What it reports about has happened, so a queue that stops waits for it; that is not long.
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    // Those of a success wait for nothing but their neighbours of this turn of the loop: they were delivered, and a
    // crash before the report is kept delivers them again.
    co_await boost::asio::post(boost::asio::use_awaitable);
    const bool may_wait =
        report_key.second == mail::report_kind::failed || report_key.second == mail::report_kind::delayed;
    if (may_wait) co_await context_.clock.sleep_for(context_.settings.report_pause);

    in_line_.push_back(report_key);
    if (makers_ >= context_.settings.reports_at_a_time) co_return;  // one of them makes it
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

async::awaitable<> reports::make(key key) {
    group about = std::move(waiting_.extract(key).mapped());
    co_await make_parts(key.second, std::move(about));
}

/// One report or, where the store is too full for it, several about a part of the recipients each: a report that is
/// small enough may use room that is kept for it. False if the store is too full for these, too.
async::awaitable<bool> reports::make_parts(mail::report_kind kind, group about) {
    auto kept = co_await commit_what_fits(kind, about);
    const bool is_full = kept.has_error() && kept.error() == spool::errc::full;
    if (!is_full || about.recipients.size() <= few_recipients) {
        tell(kind, about, std::move(kept));
        co_return !is_full;
    }
    const auto middle = about.recipients.begin() + static_cast<std::ptrdiff_t>(about.recipients.size() / 2);
    group rest{about.message, {std::make_move_iterator(middle), std::make_move_iterator(about.recipients.end())}};
    about.recipients.erase(middle, about.recipients.end());
    const bool fits = co_await make_parts(kind, std::move(about));
    if (fits) co_return co_await make_parts(kind, std::move(rest));
    tell(kind, rest, spool::errc::full);
    co_return false;
}

/// Each step by itself: what is not settled is in flight for ever, and a report that is kept is to be sent.
void reports::tell(mail::report_kind kind, const group& group, base::result<made> result) {
    for (const owed_report& each : group.recipients)
        guarded([&] { settled_(each.envelope, result.has_error() ? each.if_not : each.if_sent); });
    if (result.has_error()) return guarded([&] { log("report-postponed", kind, group, result.error().message()); });
    if (!result->has_value())
        return guarded([&] { log("report-dropped", kind, group, "there is nowhere to send it"); });
    guarded([&] { log("report", kind, group, spool::to_string((*result)->message())); });
    guarded([&] { accepted_(**std::move(result)); });
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
        context_.log.error("queue", "bug", {{"what", base::text_of(bug)}});
    } catch (...) {  // there is nobody else to tell
    }
}

// Failed mail must be able to end in a full store, for that is what makes room: rather a report that returns less.
async::awaitable<base::result<reports::made>> reports::commit_what_fits(mail::report_kind kind, const group& group) {
    mail_part part = part_to_return(kind, *group.message);
    for (;;) {
        auto kept = co_await try_commit(kind, group, part);
        const bool is_full = kept.has_error() && kept.error() == spool::errc::full;
        if (!is_full || part == mail_part::nothing) co_return kept;
        part = part == mail_part::whole ? mail_part::header : mail_part::nothing;
    }
}

// What it reports about is in flight until it is settled, so an exception is a report that cannot be made now.
async::awaitable<base::result<reports::made>> reports::try_commit(mail::report_kind kind, const group& group,
                                                                  mail_part returned) {
    try {
        co_return co_await commit(kind, group, returned);
    } catch (...) {
        log_bug(std::current_exception());
    }
    co_return spool::errc::unavailable;
}

// A report is 7-bit, and a message inside it cannot be encoded: of one that is not, the header section goes back.
reports::mail_part reports::part_to_return(mail::report_kind kind, const spool::message& message) const {
    const bool whole = kind == mail::report_kind::failed && message.sender.ret == mail::dsn_return::full &&
                       message.size <= context_.settings.longest_return && !message.eight_bit;
    return whole ? mail_part::whole : mail_part::header;
}

async::awaitable<base::result<reports::made>> reports::commit(mail::report_kind kind, const group& group,
                                                              mail_part part) {
    const spool::message& message = *group.message;
    const mail::mailbox to = message.sender.address.address().value();
    auto route = co_await context_.router.route(to);
    if (route.has_error()) co_return route.error();
    if (route->empty()) co_return made();

    const auto now = context_.clock.wall();
    const std::string returned = co_await returned_part(message, part);
    spool::transaction next(context_.store);
    mail::report report{.kind = kind,
                        .reporting_host = context_.settings.host,
                        .recipient = message.sender.address,
                        .envelope_id = message.sender.envelope_id,
                        .arrived = message.arrived,
                        .time = now,
                        .expires = group.recipients.front().envelope.expires,
                        .message_id = spool::to_string(next.id()),
                        .recipients = {},
                        .returned = returned,
                        .whole_message = part == mail_part::whole};
    for (const owed_report& each : group.recipients) report.recipients.push_back(recipient_of(each));
    const std::string text = mail::format_dsn(report);
    if (auto added = co_await next.text().append(text); added.has_error()) co_return added.error();
    for (spool::envelope& each : *route) {
        each.expires = now + context_.settings.report_ttl;
        next.add(std::move(each));
    }
    mail::sender nobody;  // the null reverse-path: a report is never reported about
    auto kept = co_await next.commit(std::move(nobody), now, false);
    if (kept.has_error()) co_return kept.error();
    co_return made(std::move(*kept));
}

// A report without the part that it returns is better than none.
async::awaitable<std::string> reports::returned_part(const spool::message& message, mail_part part) {
    if (part == mail_part::nothing) co_return std::string();
    std::shared_ptr<const spool::content> text = message.text;
    if (text == nullptr) {
        auto loaded = co_await context_.store.load(message.id);
        if (loaded.has_error()) co_return std::string();
        text = *loaded;
    }
    const bool whole = part == mail_part::whole;
    auto read = co_await read_text(*text, !whole, whole ? context_.settings.longest_return : longest_header);
    if (read.has_error()) co_return std::string();
    co_return std::move(*read);
}

void reports::log(std::string_view event, mail::report_kind kind, const group& group, std::string_view reason) const {
    for (const owed_report& each : group.recipients) {
        const bool ends = event == "report-postponed" && std::holds_alternative<spool::remove>(each.if_not);
        context_.log.info("queue", ends ? "report-dropped" : event,
                          {{"evpid", spool::to_string(each.envelope.id)},
                           {"kind", word_for(kind)},
                           {"from", "<>"},
                           {"to", group.message->sender.address.text()},
                           {"rcpt", each.envelope.recipient.address.text()},
                           {"stat", each.status.line()},
                           {"result", reason}});
    }
}

}  // namespace waypost::queue
