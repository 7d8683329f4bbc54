#include "waypost/delivery/forward_reader.hpp"

#include <utility>

#include "errc.hpp"
#include "negative_forward_cache.hpp"
#include "process_identity.hpp"
#include "worker_pool.hpp"

namespace waypost::delivery {

namespace {

constexpr std::uint64_t longest_forward = std::uint64_t{4} * 1024;
constexpr std::uint64_t longest_list = std::uint64_t{64} * 1024;
// Files are read in no time. One that hangs on a file system hangs its delivery worker alone.
constexpr worker_limits limits{.at_once = 20, .of_one = 3};
constexpr std::chrono::seconds time_to_read{10};

}  // namespace

forward_reader::forward_reader(async::clock& time, observe::log& log, std::unique_ptr<worker_pool> identity_workers,
                               const process_identity& self)
    : clock_(time),
      log_(log),
      self_(std::make_unique<process_identity>(self)),
      negative_forwards_(std::make_unique<negative_forward_cache>()),
      workers_(std::move(identity_workers)) {}

forward_reader::forward_reader(const async::executor& executor, async::clock& time, observe::log& log,
                               async::thread_pool& io)
    : forward_reader(time, log,
                     std::make_unique<worker_pool>(
                         executor, worker_pool::dependencies{.clock = time, .log = log, .io = io}, limits),
                     find_process_identity()) {}

forward_reader::~forward_reader() = default;

async::awaitable<base::result<std::optional<std::string>>> forward_reader::forward_of(table::userinfo::value user) {
    // Not his to act for: no .forward of his is read, and his mail waits for a daemon that may deliver it.
    if (!self_->identity_of(user) || negative_forwards_->has(user, clock_.now())) co_return std::nullopt;
    job what;
    what.path = user.home + "/.forward";
    what.home = user.home;
    what.is_forward = true;
    what.most = longest_forward;
    auto text = co_await read(user, std::move(what));
    if (text.has_value() && !text->has_value()) negative_forwards_->add(user, clock_.now());
    co_return text;
}

async::awaitable<base::result<std::string>> forward_reader::list(std::string path,
                                                                 std::optional<table::userinfo::value> user) {
    job what;
    what.path = std::move(path);
    what.most = longest_list;
    const auto as = user ? std::move(*user) : self_->unprivileged_user;
    auto text = co_await read(as, std::move(what));
    if (text.has_error()) co_return text.error();
    if (!text->has_value()) co_return errc::file_unusable;
    co_return std::move(**text);
}

async::awaitable<base::result<std::optional<std::string>>> forward_reader::read(table::userinfo::value as, job job) {
    const auto who = self_->identity_of(as);
    if (!who) co_return errc::file_unusable;
    job.operation = job::kind::read;
    job.time = time_to_read;
    auto worker = co_await workers_->acquire(*who);
    if (worker.has_error()) co_return worker.error();
    const std::string path = job.path;
    auto done = co_await worker->act(std::move(job), nullptr);
    if (done.has_error()) co_return done.error();
    if (done->status.is_success()) {
        if (!done->is_there) co_return std::nullopt;
        co_return std::move(done->text);
    }
    log_.warn("expand", "file-refused", {{"path", path}, {"user", as.name}, {"why", done->status.text()}});
    co_return errc::file_unusable;
}

async::awaitable<> forward_reader::stop() { return workers_->stop(); }

}  // namespace waypost::delivery
