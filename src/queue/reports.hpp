// Delivery status notifications that are owed: collected for a moment by message and kind, made into one message each,
// and committed like any other. Only then is what they report about changed in the store, so a crash repeats a try and
// never swallows a report.
//
// A few are made at a time, for each may return a long message; the rest waits in line, by message id alone.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "waypost/async/task_group.hpp"
#include "waypost/mail/dsn.hpp"
#include "waypost/queue/mail_queue.hpp"

namespace waypost::queue {

/// One recipient that somebody must hear of, and what becomes of his envelope then.
struct owed_report {
    spool::envelope envelope;
    mail::status status;
    std::string remote;
    spool::change if_sent;
    spool::change if_not;  // the report cannot be made now
};

class reports {
public:
    struct dependencies {
        spool::store& store;
        async::clock& clock;
        observe::log& log;
        report_router& router;
        const queue::settings& settings;
        async::task_group& coroutines;
    };
    using settle = std::function<void(const spool::envelope&, spool::change)>;
    using accept = std::function<void(spool::receipt)>;

    reports(dependencies context, settle settled, accept accepted)
        : context_(context), settled_(std::move(settled)), accepted_(std::move(accepted)) {}

    void owe(const std::shared_ptr<const spool::message>& message, mail::report_kind kind, owed_report report);

private:
    using key = std::pair<spool::message_id, mail::report_kind>;
    struct group {
        std::shared_ptr<const spool::message> message;
        std::vector<owed_report> recipients;
    };
    /// What a report returns of the message that it is about.
    enum class mail_part { nothing, header, whole };
    /// Empty: there is nowhere to send it.
    using made = std::optional<spool::receipt>;

    async::awaitable<> send(key report_key);
    async::awaitable<> make(key key);
    void tell(mail::report_kind kind, const group& group, base::result<made> result);
    template <class Step>
    void guarded(Step step) const noexcept;
    void log_bug(const std::exception_ptr& bug) const noexcept;
    async::awaitable<bool> make_parts(mail::report_kind kind, group about);
    async::awaitable<base::result<made>> commit_what_fits(mail::report_kind kind, const group& group);
    async::awaitable<base::result<made>> try_commit(mail::report_kind kind, const group& group, mail_part returned);
    async::awaitable<base::result<made>> commit(mail::report_kind kind, const group& group, mail_part part);
    async::awaitable<std::string> returned_part(const spool::message& message, mail_part part);
    [[nodiscard]] mail_part part_to_return(mail::report_kind kind, const spool::message& message) const;
    void log(std::string_view event, mail::report_kind kind, const group& group, std::string_view reason) const;

    dependencies context_;
    settle settled_;
    accept accepted_;
    std::map<key, group> waiting_;
    std::deque<key> in_line_;  // of those, whose pause is over
    std::size_t makers_ = 0;
};

/// The text of a message, or its header section alone, up to `limit` octets.
async::awaitable<base::result<std::string>> read_text(const spool::content& content, bool header_only,
                                                      std::size_t limit);

}  // namespace waypost::queue
