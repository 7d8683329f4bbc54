#include "waypost/relay/engine.hpp"

#include "scheduler.hpp"
#include "socket_dialer.hpp"

namespace waypost::relay {

engine::engine(const async::executor& executor, dependencies context, settings settings)
    : context_(context),
      settings_(std::move(settings)),
      dialer_(std::make_unique<socket_dialer>(executor, context_, settings_)),
      scheduler_(std::make_unique<scheduler>(executor, context_, settings_, *dialer_)) {}

engine::~engine() = default;

void engine::carry(queue::queued_message task) { scheduler_->carry(std::move(task)); }
async::awaitable<> engine::stop(async::duration grace) { return scheduler_->stop(grace); }
std::vector<route_view> engine::routes() const { return scheduler_->routes(); }
std::vector<relay_view> engine::relays() const { return scheduler_->relays(); }
std::vector<host_view> engine::hosts() const { return scheduler_->hosts(); }
bool engine::resume_route(std::uint64_t id) { return scheduler_->resume_route(id); }

}  // namespace waypost::relay
