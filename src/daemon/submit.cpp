#include "waypost/daemon/submit.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "waypost/async/clock.hpp"
#include "waypost/delivery/deputy_files.hpp"
#include "waypost/inbound/envelopes.hpp"
#include "waypost/mail/trace.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/rules/expansion.hpp"
#include "waypost/spool/transaction.hpp"

namespace waypost::daemon {

namespace {

/// Judges every recipient before anything is kept: a program that is told "no" must not find half of its mail sent.
async::awaitable<mail::status> keep(spool::store& store, const config::loaded& settings, rules::user_files& files,
                                    submission what) {
    spool::transaction transaction(store);
    const auto now = std::chrono::system_clock::now();
    for (const mail::recipient& to : what.to) {
        const rules::facts about{.from = rules::local_socket{},
                                 .tag = {},
                                 .helo = "localhost",
                                 .user = {},
                                 .tls = false,
                                 .sender = what.from.from,
                                 .recipient = to.to,
                                 .at = now,
                                 .rdns = {}};
        const auto found = co_await rules::resolve(*settings.rules, about, files);
        if (const auto* refused = std::get_if<mail::status>(&found)) co_return *refused;
        const auto& destinations = std::get<std::vector<rules::destination>>(found);
        for (spool::envelope& each : inbound::envelopes_of(destinations, to, now, settings.queue.ttl)) {
            if (!transaction.add(std::move(each))) co_return mail::status::of(452, "4.5.3", "Too many recipients");
        }
    }
    mail::received hop{.helo = "localhost",
                       .rdns = {},
                       .address = {},
                       .by = settings.host,
                       .protocol = "ESMTP",
                       .id = spool::to_string(transaction.id()),
                       .tls = {},
                       .authenticated = {},
                       .only_recipient = what.to.size() == 1 ? what.to.front().to.text() : std::string(),
                       .at = now};
    transaction.text().set_trace(mail::format_received(hop));
    if ((co_await transaction.text().append(what.content)).has_error()) {
        co_return mail::status::of(452, "4.3.1", "Message cannot be stored");
    }
    const auto kept = co_await transaction.commit(what.from, now, what.from.eight_bit);
    if (kept.has_error())
        co_return mail::status::transient("4.3.0", "Message cannot be stored: " + kept.error().message());
    co_return mail::status::success("2.0.0", spool::to_string(kept->message()) + " Message is in the queue");
}

async::awaitable<mail::status> keep_and_stop(spool::store& store, const config::loaded& settings,
                                             delivery::deputy_files& files, submission what) {
    mail::status said = co_await keep(store, settings, files, std::move(what));
    co_await files.stop();
    co_return said;
}

}  // namespace

mail::status submit(async::workers& io, const config::loaded& settings, submission what) {
    boost::asio::io_context loop(1);
    const spool::warning_sink to_stderr = [](const std::string& text) {
        std::fprintf(stderr, "waypost: %s\n", text.c_str());
    };
    spool::sqlite_store store(loop.get_executor(), io, settings.spool, to_stderr);
    async::real_clock clock;
    observe::log log(settings.log);
    delivery::deputy_files files(loop.get_executor(), clock, log, io);
    mail::status said;
    std::exception_ptr failed;
    boost::asio::co_spawn(loop, keep_and_stop(store, settings, files, std::move(what)),
                          [&](std::exception_ptr why, mail::status answer) {
                              failed = why;
                              said = std::move(answer);
                          });
    loop.run();
    io.join();  // a worker may still be handing its answer to the loop
    if (failed != nullptr) std::rethrow_exception(failed);
    return said;
}

}  // namespace waypost::daemon
