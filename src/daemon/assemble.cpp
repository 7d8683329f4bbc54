#include "waypost/daemon/assemble.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

#include "certificate_watch.hpp"
#include "commands.hpp"
#include "descriptor_limits.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/control/server.hpp"

namespace waypost::daemon {

namespace {

// What is under way gets so long to end before it is cut off; it would only be repeated otherwise. Clients first, then
// the relay, and beside them the local deliveries: together less than the 10 seconds that most supervisors wait before
// they kill.
constexpr std::chrono::seconds grace_of_clients{5};
constexpr std::chrono::seconds whole_grace{9};

/// Ready to be shared. While the daemon runs it is freed on a worker thread: the program of a table may take its time
/// to end.
std::shared_ptr<const config::generation> shared(std::shared_ptr<config::generation> whole, async::thread_pool& io) {
    fit_to_descriptors(*whole);
    const config::generation* const raw = whole.get();
    const auto hand_over = [whole = std::move(whole), &io](const config::generation*) mutable {
        boost::asio::post(io.pool(), [last = std::move(whole)]() mutable { last.reset(); });
    };
    return {raw, hand_over};
}

/// A room's part of a generation, which keeps the whole of it.
template <class Part>
std::shared_ptr<const Part> part_of(const std::shared_ptr<const config::generation>& whole, const Part& part) {
    return {whole, &part};
}

std::shared_ptr<const rules::ruleset> rules_of(const std::shared_ptr<const config::generation>& whole) {
    return part_of(whole, *whole->rules);
}

}  // namespace

assembly::assembly(boost::asio::io_context& loop, async::thread_pool& io, std::shared_ptr<config::generation> first)
    : generation_(shared(first, io)),

      // What everybody uses: a log, a clock, the DNS, the users' own files.
      log_(first->log),
      dns_(dns::make_cares_resolver(loop.get_executor(), clock_, first->dns)),
      files_(loop.get_executor(), clock_, log_, io),

      // Custody: the store keeps what we promised to keep; the queue knows when each envelope is due, and tells senders
      // what became of it by reports that go the way that the rules say.
      spool_(spool::make_store(loop.get_executor(), io, first->spool,
                               [this](const std::string& text) { log_.warn("spool", "warning", {{"what", text}}); })),
      report_routes_(rules_of(generation_), files_, clock_, first->queue.report_ttl),
      queue_(loop.get_executor(), *spool_.store, clock_, log_, report_routes_, first->queue),

      // Movement: the queue hands mail to the relay engine or to the local agent, by the action of its envelope.
      relay_(relay::make_engine(loop.get_executor(), {.clock = clock_, .log = log_, .dns = *dns_, .queue = queue_},
                                part_of(generation_, first->relay))),
      local_(loop.get_executor(), {.clock = clock_, .log = log_, .io = io, .queue = queue_},
             part_of(generation_, first->delivery)),

      // And mail comes in: each recipient is judged by the rules, each message goes into the store, then to the queue.
      inbound_(loop.get_executor(),
               {.clock = clock_,
                .log = log_,
                .io = io,
                .dns = *dns_,
                .store = *spool_.store,
                .queue = queue_,
                .files = files_},
               part_of(generation_, first->inbound)),

      // Last, who may ask what all of them are doing.
      control_(std::make_unique<control::server>(loop.get_executor(), clock_, log_,
                                                 first->spool.directory + "/" + control::socket_name,
                                                 make_commands(*relay_, generation_))),
      io_(io),
      side_tasks_(loop.get_executor(),
                  [this](std::exception_ptr bug) { log_.error("daemon", "bug", {{"what", base::text_of(bug)}}); }) {
    adopt(*first);
    assign_actions();
    inbound_.open();
}

assembly::~assembly() = default;

void assembly::start() {
    queue_.start();
    inbound_.start();
    control_->start();
    side_tasks_.start(watch_certificates(generation_, clock_, io_, log_));
    log_.info("daemon", "started", {{"version", WAYPOST_VERSION}, {"host", generation_->host}});
}

void assembly::apply(std::shared_ptr<config::generation> next) {
    if (stopping_) throw std::runtime_error("the daemon is stopping");
    adopt(*next);
    const auto made = shared(std::move(next), io_);
    inbound_.apply(part_of(made, made->inbound));  // the only one that can fail
    warn_of_what_stays(*made);
    generation_ = made;
    report_routes_.apply(rules_of(generation_), generation_->queue.report_ttl);
    relay_->apply(part_of(generation_, generation_->relay));
    local_.apply(part_of(generation_, generation_->delivery));
    queue_.apply(generation_->queue);
    assign_actions();
    log_.info("daemon", "reloaded", {{"host", generation_->host}});
}

/// Gives a generation what it can know of this process alone, before anybody else sees it.
void assembly::adopt(config::generation& next) {
    next.context->warn = [this](std::string_view table, std::string_view text) {
        log_.warn("table", "warning", {{"table", table}, {"what", text}});
    };
    // A Maildir is to tell apart the mail of different queues, and what a process before this one may have delivered.
    next.delivery.queue = spool_.name;
    next.delivery.first_new_id = spool_.first_new_id;
}

/// What is opened once.
void assembly::warn_of_what_stays(const config::generation& next) {
    const auto& now = *generation_;
    const auto warn_if = [this](bool differs, std::string_view option) {
        if (differs) log_.warn("daemon", "restart-needed", {{"what", option}});
    };
    warn_if(next.spool.directory != now.spool.directory, "queue path");
    warn_if(next.spool.reserve != now.spool.reserve, "queue reserve");
    warn_if(next.dns.servers != now.dns.servers, "resolver");
    warn_if(next.log.format != now.log.format, "log format");
}

void assembly::assign_actions() {
    for (const auto& [name, action] : generation_->relay.actions) {
        queue_.assign(name, *relay_, !generation_->rules->find_action(name)->is_relay());  // or a store of mailboxes
    }
    for (const auto& [name, action] : generation_->delivery.actions) queue_.assign(name, local_, true);
}

async::awaitable<> assembly::stop() {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
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
    co_await relay_->stop(std::chrono::ceil<std::chrono::seconds>(last_moment - clock_.now()));
}

}  // namespace waypost::daemon
