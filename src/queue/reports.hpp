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
    spool::envelope which;
    mail::status said;
    std::string remote;
    spool::change if_sent;
    spool::change if_not;  // the report cannot be made now
};

class reports {
public:
    struct surroundings {
        spool::store& store;
        async::clock& clock;
        observe::log& log;
        report_router& router;
        const settings& how;
        async::task_group& coroutines;
    };
    using settle = std::function<void(const spool::envelope&, spool::change)>;
    using accept = std::function<void(spool::receipt)>;

    reports(surroundings around, settle settled, accept accepted)
        : around_(around), settled_(std::move(settled)), accepted_(std::move(accepted)) {}

    void owe(const std::shared_ptr<const spool::message>& about, mail::report_kind kind, owed_report what);

private:
    using key = std::pair<spool::message_id, mail::report_kind>;
    struct group {
        std::shared_ptr<const spool::message> about;
        std::vector<owed_report> recipients;
    };
    /// Empty: there is nowhere to send it.
    using made = std::optional<spool::receipt>;

    async::awaitable<> send(key which);
    async::awaitable<> make(key which);
    void tell(mail::report_kind kind, const group& about, base::result<made> kept);
    template <class Step>
    void guarded(Step step) const noexcept;
    void log_bug(const std::exception_ptr& bug) const noexcept;
    async::awaitable<base::result<made>> try_commit(mail::report_kind kind, const group& about);
    async::awaitable<base::result<made>> commit(mail::report_kind kind, const group& about);
    async::awaitable<std::string> returned_part(const spool::message& about, bool whole);
    void log(std::string_view event, mail::report_kind kind, const group& about, std::string_view why) const;

    surroundings around_;
    settle settled_;
    accept accepted_;
    std::map<key, group> waiting_;
    std::deque<key> in_line_;  // of those, whose pause is over
    std::size_t makers_ = 0;
};

/// The text of a message, or its header section alone, up to `limit` octets.
async::awaitable<base::result<std::string>> read_text(const spool::content& from, bool header_only, std::size_t limit);

}  // namespace waypost::queue
