#include "waypost/delivery/local_agent.hpp"

#include <sys/stat.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "delivery_plan.hpp"
#include "errc.hpp"
#include "keyed_mutex.hpp"
#include "loop_detector.hpp"
#include "process_identity.hpp"
#include "waypost/async/cancellation.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/queue/delivery_log.hpp"
#include "worker_pool.hpp"

namespace waypost::delivery {

/// The envelopes of one message. Its text, where it is not in memory anyway, is so only while somebody delivers it.
struct local_agent::shared_message {
    std::shared_ptr<const delivery::settings> settings;
    std::shared_ptr<const spool::message> message;
    std::weak_ptr<const spool::content> text;
};

/// A job that a delivery worker is at.
struct local_agent::work {
    explicit work(local_agent& owner) : agent(owner) { ++agent.acting_; }
    work(const work&) = delete;
    work& operator=(const work&) = delete;
    ~work() {
        if (--agent.acting_ == 0) agent.idle_.notify();
    }
    local_agent& agent;
};

namespace {

mail::status undone(const base::error_code& error) { return mail::status::transient("4.3.0", error.message()); }

worker_limits limits_of(const settings& settings) {
    return {.at_once = settings.limits.max_sessions, .of_one = settings.limits.max_sessions_per_user};
}

std::unique_ptr<worker_pool> pool_for(const async::executor& executor, const dependencies& context,
                                      const settings& settings) {
    return std::make_unique<worker_pool>(
        executor, worker_pool::dependencies{.clock = context.clock, .log = context.log, .io = context.io},
        limits_of(settings));
}

async::awaitable<base::result<bool>> goes_round(const spool::content& content, std::string address) {
    loop_detector search(std::move(address));
    std::vector<char> scratch;
    for (std::uint64_t offset = 0; offset < content.size();) {
        const auto piece = co_await content.read(offset, scratch);
        if (piece.has_error()) co_return errc::content_unreadable;
        offset += piece->size();
        if (!search.feed(*piece)) break;
    }
    co_return search.found();
}

/// The group of a directory whose mode lets it make files there.
std::optional<unsigned> writing_group(const std::string& directory) {
    struct stat found{};
    if (::stat(directory.c_str(), &found) != 0 || (found.st_mode & S_IWGRP) == 0) return std::nullopt;
    return found.st_gid;
}

}  // namespace

local_agent::local_agent(const async::executor& executor, dependencies context,
                         std::shared_ptr<const settings> settings, std::unique_ptr<worker_pool> workers,
                         const process_identity& self)
    : context_(context),
      settings_(std::move(settings)),
      self_(std::make_unique<process_identity>(self)),
      workers_(std::move(workers)),
      mailboxes_(std::make_unique<keyed_mutex>()),
      idle_(executor),
      deliveries_(executor, [this](std::exception_ptr bug) {
          context_.log.error("mda", "bug", {{"what", base::text_of(bug)}});
      }) {}

local_agent::local_agent(const async::executor& executor, dependencies context,
                         std::shared_ptr<const settings> settings)
    : local_agent(executor, context, settings, pool_for(executor, context, *settings), find_process_identity()) {}

local_agent::~local_agent() = default;

void local_agent::apply(std::shared_ptr<const settings> settings) {
    settings_ = std::move(settings);
    workers_->set_limits(limits_of(*settings_));
}

void local_agent::carry(queue::queued_message task) {
    if (stopping_) return;  // it is as it was, and due at the next start
    const auto all = std::make_shared<shared_message>(
        shared_message{.settings = settings_, .message = std::move(task.message), .text = {}});
    for (spool::envelope& each : task.envelopes) deliveries_.start(deliver(all, std::move(each)));
}

async::awaitable<> local_agent::until_idle() {
    while (acting_ > 0) co_await idle_.wait();
}

async::awaitable<> local_agent::stop(std::chrono::seconds grace) {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
    // A command that is killed has perhaps done its work, and would do it again.
    co_await (context_.clock.sleep_for(grace) || until_idle());
    co_await deliveries_.stop();
    co_await workers_->stop();
}

async::awaitable<> local_agent::deliver(std::shared_ptr<shared_message> what, spool::envelope envelope) {
    const auto said = co_await attempt_or_defer(*what, envelope);
    if (!said) co_return;
    queue::log_delivery(context_.log, {.subsystem = "mda", .user = envelope.user}, *what->message, envelope, *said,
                        context_.clock.wall());
    context_.queue.report(what->message, std::move(envelope), queue::outcome_of(*said, {}));
}

// An envelope of which nothing is reported would be in flight until the next start.
async::awaitable<std::optional<mail::status>> local_agent::attempt_or_defer(shared_message& shared_message,
                                                                            const spool::envelope& envelope) {
    try {
        co_return co_await attempt(shared_message, envelope);
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        context_.log.error(
            "mda", "bug",
            {{"evpid", spool::to_string(envelope.id)}, {"what", base::text_of(std::current_exception())}});
    }
    co_return mail::status::transient("4.3.0", "Internal error at the delivery");
}

async::awaitable<std::optional<mail::status>> local_agent::attempt(shared_message& shared_message,
                                                                   const spool::envelope& envelope) {
    const settings& settings = *shared_message.settings;
    const action_settings& action = settings.actions.at(envelope.hop.action);
    const auto user = co_await user_of(action, envelope);
    if (const auto* refused = std::get_if<mail::status>(&user)) co_return *refused;
    const auto spool_group = co_await group_of_spool(settings, action);
    auto planned = plan_of({.message = *shared_message.message,
                            .envelope = envelope,
                            .action = action,
                            .settings = settings,
                            .user = std::get<table::userinfo::value>(user),
                            .self = *self_,
                            .spool_group = spool_group});
    if (const auto* refused = std::get_if<mail::status>(&planned)) co_return *refused;
    auto& [who, task] = std::get<delivery_plan>(planned);

    std::optional<keyed_mutex::turn> alone;
    if (task.operation == job::kind::mbox) alone.emplace(co_await mailboxes_->take(task.path));
    auto worker = co_await workers_->acquire(who);
    if (stopping_) co_return std::nullopt;
    if (worker.has_error()) co_return undone(worker.error());
    const auto content = co_await content_of(shared_message);
    if (content.has_error()) co_return undone(errc::content_unreadable);
    const auto again = co_await goes_round(**content, envelope.recipient.address.text());
    if (again.has_error()) co_return undone(again.error());
    if (*again) co_return mail::status::permanent("5.4.6", "This mail has been delivered to that address before");
    if (stopping_) co_return std::nullopt;
    const work under_way(*this);
    const auto done = co_await worker->act(std::move(task), content->get());
    co_return done.has_error() ? undone(done.error()) : done->status;
}

async::awaitable<std::variant<table::userinfo::value, mail::status>> local_agent::user_of(
    const action_settings& action, const spool::envelope& envelope) {
    if (action.user.empty() && envelope.user.empty()) co_return self_->unprivileged_user;
    const std::string& name = action.user.empty() ? envelope.user : action.user;
    auto found = co_await table::find<table::userinfo>(*action.users, name);
    if (found.has_value() && !found->has_value() && !action.user.empty() && action.system_users != nullptr)
        found = co_await table::find<table::userinfo>(*action.system_users, name);
    if (found.has_error()) co_return mail::status::transient("4.4.3", "User database unavailable");
    if (found->has_value()) co_return std::move(**found);
    if (action.user.empty()) co_return mail::status::permanent("5.1.1", "No such user: " + name);
    co_return mail::status::transient("4.3.5", "No such user to deliver as: " + name);
}

async::awaitable<std::optional<unsigned>> local_agent::group_of_spool(const settings& settings,
                                                                      const action_settings& action) {
    if (!self_->is_root() || action.by != action_settings::method::mbox) co_return std::nullopt;
    auto look = [directory = settings.mail_spool] { return writing_group(directory); };
    co_return co_await async::offload(context_.io, std::move(look));
}

async::awaitable<base::result<std::shared_ptr<const spool::content>>> local_agent::content_of(
    shared_message& shared_message) {
    if (auto kept = shared_message.text.lock()) co_return kept;
    auto content = co_await context_.queue.content_of(shared_message.message);
    if (content.has_value()) shared_message.text = *content;
    co_return content;
}

}  // namespace waypost::delivery
