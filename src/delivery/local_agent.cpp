#include "waypost/delivery/local_agent.hpp"

#include <sys/stat.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "deputies.hpp"
#include "errand.hpp"
#include "errc.hpp"
#include "loop_search.hpp"
#include "ourselves.hpp"
#include "turns.hpp"
#include "waypost/async/cancellation.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/queue/delivery_log.hpp"

namespace waypost::delivery {

/// The envelopes of one message. Its text, where it is not in memory anyway, is so only while somebody delivers it.
struct local_agent::parcel {
    std::shared_ptr<const spool::message> about;
    std::weak_ptr<const spool::content> text;
};

/// A job that a deputy is at.
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

mail::status undone(const base::error_code& why) { return mail::status::transient("4.3.0", why.message()); }

deputy_limits limits_of(const settings& how) {
    return {.at_once = how.limits.max_sessions, .of_one = how.limits.max_sessions_per_user};
}

std::unique_ptr<deputies> deputies_for(const async::executor& on, const surroundings& with, const settings& how) {
    return std::make_unique<deputies>(on, deputies::surroundings{.clock = with.clock, .log = with.log, .io = with.io},
                                      limits_of(how));
}

async::awaitable<base::result<bool>> goes_round(const spool::content& content, std::string address) {
    loop_search search(std::move(address));
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

local_agent::local_agent(const async::executor& on, surroundings with, settings how, std::unique_ptr<deputies> crew,
                         const ourselves& us)
    : with_(with),
      settings_(std::move(how)),
      us_(std::make_unique<ourselves>(us)),
      deputies_(std::move(crew)),
      mailboxes_(std::make_unique<turns>(on)),
      idle_(on),
      deliveries_(on,
                  [this](std::exception_ptr bug) { with_.log.error("mda", "bug", {{"what", base::text_of(bug)}}); }) {}

local_agent::local_agent(const async::executor& on, surroundings with, settings how)
    : local_agent(on, with, how, deputies_for(on, with, how), find_ourselves()) {}

local_agent::~local_agent() = default;

void local_agent::carry(queue::task what) {
    if (stopping_) return;  // it is as it was, and due at the next start
    const auto all = std::make_shared<parcel>(parcel{.about = std::move(what.about), .text = {}});
    for (spool::envelope& each : what.envelopes) deliveries_.start(deliver(all, std::move(each)));
}

async::awaitable<> local_agent::until_idle() {
    while (acting_ > 0) co_await idle_.wait();
}

async::awaitable<> local_agent::stop(std::chrono::seconds grace) {
    using namespace boost::asio::experimental::awaitable_operators;
    stopping_ = true;
    // A command that is killed has perhaps done its work, and would do it again.
    co_await (with_.clock.sleep_for(grace) || until_idle());
    co_await deliveries_.stop();
    co_await deputies_->stop();
}

async::awaitable<> local_agent::deliver(std::shared_ptr<parcel> what, spool::envelope to) {
    const auto said = co_await attempt_or_defer(*what, to);
    if (!said) co_return;
    queue::log_delivery(with_.log, {.subsystem = "mda", .user = to.user}, *what->about, to, *said, with_.clock.wall());
    with_.queue.report(what->about, std::move(to), queue::outcome_of(*said, {}));
}

// An envelope of which nothing is reported would be in flight until the next start.
async::awaitable<std::optional<mail::status>> local_agent::attempt_or_defer(parcel& what, const spool::envelope& to) {
    try {
        co_return co_await attempt(what, to);
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        with_.log.error("mda", "bug",
                        {{"evpid", spool::to_string(to.id)}, {"what", base::text_of(std::current_exception())}});
    }
    co_return mail::status::transient("4.3.0", "Internal error at the delivery");
}

async::awaitable<std::optional<mail::status>> local_agent::attempt(parcel& what, const spool::envelope& to) {
    const action_settings& action = settings_.actions.at(to.hop.action);
    const auto user = co_await user_of(action, to);
    if (const auto* refused = std::get_if<mail::status>(&user)) co_return *refused;
    const auto spool_group = co_await group_of_spool(action);
    auto planned = errand_of({.about = *what.about,
                              .to = to,
                              .action = action,
                              .how = settings_,
                              .user = std::get<table::userinfo::value>(user),
                              .us = *us_,
                              .spool_group = spool_group});
    if (const auto* refused = std::get_if<mail::status>(&planned)) co_return *refused;
    auto& [who, task] = std::get<errand>(planned);

    std::optional<turns::turn> alone;
    if (task.what == job::kind::mbox) alone.emplace(co_await mailboxes_->take(task.path));
    auto deputy = co_await deputies_->hire(who);
    if (stopping_) co_return std::nullopt;
    if (deputy.has_error()) co_return undone(deputy.error());
    const auto content = co_await content_of(what);
    if (content.has_error()) co_return undone(errc::content_unreadable);
    const auto again = co_await goes_round(**content, to.to.to.text());
    if (again.has_error()) co_return undone(again.error());
    if (*again) co_return mail::status::permanent("5.4.6", "This mail has been delivered to that address before");
    if (stopping_) co_return std::nullopt;
    const work under_way(*this);
    const auto done = co_await deputy->act(std::move(task), content->get());
    co_return done.has_error() ? undone(done.error()) : done->said;
}

async::awaitable<std::variant<table::userinfo::value, mail::status>> local_agent::user_of(const action_settings& action,
                                                                                          const spool::envelope& to) {
    if (action.user.empty() && to.user.empty()) co_return us_->nobody_in_particular;
    const std::string& name = action.user.empty() ? to.user : action.user;
    auto found = co_await table::find<table::userinfo>(*action.users, name);
    if (found.has_value() && !found->has_value() && !action.user.empty() && action.system_users != nullptr)
        found = co_await table::find<table::userinfo>(*action.system_users, name);
    if (found.has_error()) co_return mail::status::transient("4.4.3", "User database unavailable");
    if (found->has_value()) co_return std::move(**found);
    if (action.user.empty()) co_return mail::status::permanent("5.1.1", "No such user: " + name);
    co_return mail::status::transient("4.3.5", "No such user to deliver as: " + name);
}

async::awaitable<std::optional<unsigned>> local_agent::group_of_spool(const action_settings& action) {
    if (!us_->is_root() || action.by != action_settings::method::mbox) co_return std::nullopt;
    auto look = [directory = settings_.mail_spool] { return writing_group(directory); };
    co_return co_await async::offload(with_.io, std::move(look));
}

async::awaitable<base::result<std::shared_ptr<const spool::content>>> local_agent::content_of(parcel& what) {
    if (auto kept = what.text.lock()) co_return kept;
    auto content = co_await with_.queue.content_of(what.about);
    if (content.has_value()) what.text = *content;
    co_return content;
}

}  // namespace waypost::delivery
