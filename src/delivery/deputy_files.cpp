#include "waypost/delivery/deputy_files.hpp"

#include <utility>

#include "deputies.hpp"
#include "errc.hpp"
#include "forwardless.hpp"
#include "ourselves.hpp"

namespace waypost::delivery {

namespace {

constexpr std::uint64_t longest_forward = std::uint64_t{4} * 1024;
constexpr std::uint64_t longest_list = std::uint64_t{64} * 1024;
// Files are read in no time. One that hangs on a file system hangs its deputy alone.
constexpr deputy_limits limits{.at_once = 20, .of_one = 3};
constexpr std::chrono::seconds time_to_read{10};

}  // namespace

deputy_files::deputy_files(async::clock& time, observe::log& log, std::unique_ptr<deputies> crew, const ourselves& self)
    : clock_(time),
      log_(log),
      self_(std::make_unique<ourselves>(self)),
      forwardless_(std::make_unique<forwardless>()),
      deputies_(std::move(crew)) {}

deputy_files::deputy_files(const async::executor& executor, async::clock& time, observe::log& log, async::workers& io)
    : deputy_files(
          time, log,
          std::make_unique<deputies>(executor, deputies::surroundings{.clock = time, .log = log, .io = io}, limits),
          find_ourselves()) {}

deputy_files::~deputy_files() = default;

async::awaitable<base::result<std::optional<std::string>>> deputy_files::forward_of(table::userinfo::value user) {
    // Not his to act for: no .forward of his is read, and his mail waits for a daemon that may deliver it.
    if (!self_->identity_of(user) || forwardless_->has(user, clock_.now())) co_return std::nullopt;
    job what;
    what.path = user.home + "/.forward";
    what.home = user.home;
    what.is_forward = true;
    what.most = longest_forward;
    auto text = co_await read(user, std::move(what));
    if (text.has_value() && !text->has_value()) forwardless_->add(user, clock_.now());
    co_return text;
}

async::awaitable<base::result<std::string>> deputy_files::list(std::string path,
                                                               std::optional<table::userinfo::value> user) {
    job what;
    what.path = std::move(path);
    what.most = longest_list;
    const auto as = user ? std::move(*user) : self_->nobody_in_particular;
    auto text = co_await read(as, std::move(what));
    if (text.has_error()) co_return text.error();
    if (!text->has_value()) co_return errc::file_unusable;
    co_return std::move(**text);
}

async::awaitable<base::result<std::optional<std::string>>> deputy_files::read(table::userinfo::value as, job job) {
    const auto who = self_->identity_of(as);
    if (!who) co_return errc::file_unusable;
    job.operation = job::kind::read;
    job.time = time_to_read;
    auto deputy = co_await deputies_->hire(*who);
    if (deputy.has_error()) co_return deputy.error();
    const std::string path = job.path;
    auto done = co_await deputy->act(std::move(job), nullptr);
    if (done.has_error()) co_return done.error();
    if (done->status.is_success()) {
        if (!done->is_there) co_return std::nullopt;
        co_return std::move(done->text);
    }
    log_.warn("expand", "file-refused", {{"path", path}, {"user", as.name}, {"why", done->status.text()}});
    co_return errc::file_unusable;
}

async::awaitable<> deputy_files::stop() { return deputies_->stop(); }

}  // namespace waypost::delivery
