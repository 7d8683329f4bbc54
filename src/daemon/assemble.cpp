#include "waypost/daemon/assemble.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "certificate_watch.hpp"
#include "commands.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/control/server.hpp"

namespace waypost::daemon {

namespace {

// What is under way gets so long to end before it is cut off; it would only be repeated otherwise. Clients first, then
// the relay, and beside them the local deliveries: together less than the 10 seconds that most supervisors wait before
// they kill.
constexpr std::chrono::seconds grace_of_clients{5};
constexpr std::chrono::seconds whole_grace{9};

/// A Maildir is to tell apart the mail of different queues, and what a process before this one may have delivered.
delivery::settings for_queue(delivery::settings how, const spool::open_queue& kept) {
    how.queue = kept.name;
    how.first_new_id = kept.first_new_id;
    return how;
}

}  // namespace

assembly::assembly(boost::asio::io_context& loop, async::thread_pool& io, config::loaded settings)
    : settings_(std::move(settings)),

      // What everybody uses: a log, a clock, the DNS, the users' own files.
      log_(settings_.log),
      dns_(dns::make_cares_resolver(loop.get_executor(), clock_, settings_.dns)),
      files_(loop.get_executor(), clock_, log_, io),

      // Custody: the store keeps what we promised to keep; the queue knows when each envelope is due, and tells senders
      // what became of it by reports that go the way that the rules say.
      spool_(spool::make_store(loop.get_executor(), io, settings_.spool,
                               [this](const std::string& text) { log_.warn("spool", "warning", {{"what", text}}); })),
      report_routes_(*settings_.rules, files_, clock_, settings_.queue.report_ttl),
      queue_(loop.get_executor(), *spool_.store, clock_, log_, report_routes_, settings_.queue),

      // Movement: the queue hands mail to the relay engine or to the local agent, by the action of its envelope.
      relay_(loop.get_executor(), {.clock = clock_, .log = log_, .dns = *dns_, .queue = queue_}, settings_.relay),
      local_(loop.get_executor(), {.clock = clock_, .log = log_, .io = io, .queue = queue_},
             for_queue(settings_.delivery, spool_)),

      // And mail comes in: each recipient is judged by the rules, each message goes into the store, then to the queue.
      inbound_(loop.get_executor(),
               {.clock = clock_,
                .log = log_,
                .io = io,
                .dns = *dns_,
                .store = *spool_.store,
                .queue = queue_,
                .rules = *settings_.rules,
                .files = files_},
               settings_.inbound),

      // Last, who may ask what all of them are doing.
      control_(std::make_unique<control::server>(loop.get_executor(), clock_, log_,
                                                 settings_.spool.directory + "/" + control::socket_name,
                                                 make_commands(relay_, settings_))),
      io_(io),
      side_tasks_(loop.get_executor(),
                  [this](std::exception_ptr bug) { log_.error("daemon", "bug", {{"what", base::text_of(bug)}}); }) {
    settings_.context->warn = [this](std::string_view table, std::string_view text) {
        log_.warn("table", "warning", {{"table", table}, {"what", text}});
    };
    for (const auto& [name, action] : settings_.relay.actions) {
        queue_.assign(name, relay_, !settings_.rules->find_action(name)->is_relay());  // or a store of mailboxes
    }
    for (const auto& [name, action] : settings_.delivery.actions) queue_.assign(name, local_, true);
    inbound_.open();
}

assembly::~assembly() = default;

void assembly::start() {
    queue_.start();
    inbound_.start();
    control_->start();
    side_tasks_.start(watch_certificates(settings_.certificates, clock_, io_, log_));
    log_.info("daemon", "started", {{"version", WAYPOST_VERSION}, {"host", settings_.host}});
}

async::awaitable<> assembly::stop() {
    using namespace boost::asio::experimental::awaitable_operators;
    log_.info("daemon", "stopping");
    co_await side_tasks_.stop();
    co_await control_->stop();
    // From now on no command begins, so that each of those under way has the whole time.
    co_await (stop_clients_and_relay() && local_.stop(whole_grace));
    co_await queue_.stop();
    co_await files_.stop();
    log_.info("daemon", "stopped");
}

async::awaitable<> assembly::stop_clients_and_relay() {
    const auto last_moment = clock_.now() + whole_grace;
    co_await inbound_.stop(grace_of_clients);
    co_await relay_.stop(std::chrono::ceil<std::chrono::seconds>(last_moment - clock_.now()));
}

}  // namespace waypost::daemon
