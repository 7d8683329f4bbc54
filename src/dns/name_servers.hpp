// Whom to ask: the servers of the settings, or those of /etc/resolv.conf for as long as it stays as it is.
//
// The file is looked at when there is a question, at most once a second: nothing polls. When it has changed a new
// channel takes the new questions, and the old one ends when its own have ended.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <tuple>
#include <vector>

#include "channel.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/dns/cares_resolver.hpp"

namespace waypost::dns {

class name_servers {
public:
    /// Throws std::runtime_error.
    name_servers(async::executor executor, const async::clock& clock, resolver_settings settings);
    ~name_servers();
    name_servers(const name_servers&) = delete;
    name_servers& operator=(const name_servers&) = delete;

    /// The channel for the next question. Another one than before: the servers may know another world.
    [[nodiscard]] channel& now();

private:
    /// What tells one state of the file from another: device, inode, size, time of change.
    using stamp = std::tuple<dev_t, ino_t, off_t, time_t, long>;
    [[nodiscard]] stamp look() const;
    [[nodiscard]] std::shared_ptr<channel> open() const;
    void replace();

    async::executor executor_;
    const async::clock& clock_;
    resolver_settings settings_;
    stamp last_stamp_;
    async::time_point looked_at_;
    std::shared_ptr<channel> current_;
    std::vector<std::shared_ptr<channel>> former_;  // those that still wait for answers
};

}  // namespace waypost::dns
