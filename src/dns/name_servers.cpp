#include "name_servers.hpp"

#include <stdexcept>
#include <utility>

namespace waypost::dns {

namespace {

constexpr std::chrono::seconds between_looks{1};

}  // namespace

name_servers::name_servers(async::executor on, const async::clock& clock, resolver_settings settings)
    : on_(std::move(on)),
      clock_(clock),
      settings_(std::move(settings)),
      seen_(look()),
      looked_at_(clock_.now()),
      current_(channel::open(on_, settings_)) {}

name_servers::~name_servers() {
    for (const auto& each : former_) each->close();
    current_->close();
}

channel& name_servers::now() {
    if (settings_.servers.empty() && clock_.now() - looked_at_ >= between_looks) {
        looked_at_ = clock_.now();
        std::erase_if(former_, [](const auto& each) { return each->idle(); });
        // Looked at before it is read: a change in between is seen the next time.
        const stamp there = look();
        if (there != seen_ && there != stamp()) {
            seen_ = there;
            replace();
        }
    }
    return *current_;
}

name_servers::stamp name_servers::look() const {
    struct stat file = {};
    // Gone for a moment, as while a DHCP client writes another: the servers that we know are better than none.
    if (::stat(settings_.resolv_conf.c_str(), &file) != 0) return {};
    return {file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
}

void name_servers::replace() {
    try {
        former_.push_back(std::exchange(current_, channel::open(on_, settings_)));
    } catch (const std::runtime_error&) {
        // Out of memory or descriptors; the old servers are asked on.
    }
}

}  // namespace waypost::dns
