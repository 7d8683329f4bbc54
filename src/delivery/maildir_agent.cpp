#include "waypost/delivery/maildir_agent.hpp"

#include <unistd.h>

#include <memory>

#include "job_content.hpp"
#include "maildir.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/queue/delivery_log.hpp"
#include "waypost/table/services.hpp"

namespace waypost::delivery {

namespace {

mail::status refused(const base::error_code& why) {
    // A full disk, a quota, a directory with wrong modes: the administrator mends it, and the mail waits for that.
    return mail::status::transient("4.2.0", "Cannot write to the Maildir: " + why.message());
}

/// Return-Path and Delivered-To, which final delivery puts in front (RFC 5321 section 4.4).
std::string delivery_fields(const spool::message& about, const spool::envelope& to) {
    return "Return-Path: <" + about.from.from.text() + ">\nDelivered-To: " + to.to.to.text() + "\n";
}

}  // namespace

maildir_agent::maildir_agent(const async::executor& on, surroundings with, settings how)
    : with_(with), settings_(std::move(how)), deliveries_(on, [this](std::exception_ptr bug) {
          with_.log.error("mda", "bug", {{"what", base::text_of(bug)}});
      }) {}

void maildir_agent::carry(queue::task what) { deliveries_.start(deliver(std::move(what))); }

async::awaitable<> maildir_agent::stop() { co_await deliveries_.stop(); }

async::awaitable<> maildir_agent::deliver(queue::task what) {
    const auto content = co_await with_.queue.content_of(what.about);
    for (spool::envelope& each : what.envelopes) {
        mail::status said = mail::status::transient("4.3.0", "Content cannot be read");
        if (content.has_value()) said = co_await deliver_one(*what.about, **content, each);
        queue::log_delivery(with_.log, {.subsystem = "mda", .user = each.user}, *what.about, each, said,
                            with_.clock.wall());
        with_.queue.report(what.about, std::move(each), queue::outcome_of(said, {}));
    }
}

async::awaitable<mail::status> maildir_agent::deliver_one(const spool::message& about, const spool::content& content,
                                                          const spool::envelope& to) {
    const action_settings& action = settings_.actions.at(to.hop.action);
    const auto user = co_await table::find<table::userinfo>(*action.users, to.user);
    if (user.has_error()) co_return mail::status::transient("4.4.3", "User database unavailable");
    if (!user->has_value()) co_return mail::status::permanent("5.1.1", "No such user: " + to.user);
    if ((**user).uid != ::geteuid()) {
        co_return mail::status::transient("4.3.5", "Not running as user " + to.user + ", cannot deliver to him");
    }
    const std::string maildir = action.maildir ? action.maildir->text() : (**user).home + "/Maildir";
    const std::string name = spool::to_string(to.id) + "." + settings_.host;

    auto file = co_await async::offload(with_.io, [maildir, name] {
        return std::make_shared<base::result<maildir_file>>(maildir_file::create(maildir, name));
    });
    if (file->has_error()) co_return refused(file->error());

    bool after_cr = false;
    std::string piece = delivery_fields(about, to);
    std::vector<char> scratch;
    for (std::uint64_t offset = 0;;) {
        const auto written = co_await async::offload(with_.io, [file, piece] { return (**file).append(piece); });
        if (written.has_error()) co_return refused(written.error());
        if (offset == content.size()) break;
        const auto next = co_await content.read(offset, scratch);
        if (next.has_error()) co_return mail::status::transient("4.3.0", "Content cannot be read");
        offset += next->size();
        piece = with_native_line_ends(*next, after_cr);
    }
    const auto kept = co_await async::offload(with_.io, [file] { return (**file).commit(); });
    if (kept.has_error()) co_return refused(kept.error());
    co_return mail::status::success("2.0.0", "Delivered to Maildir");
}

}  // namespace waypost::delivery
