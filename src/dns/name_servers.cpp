#include "name_servers.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace waypost::dns {

namespace {

constexpr std::chrono::seconds between_looks{1};

/// `options trust-ad`, resolv.conf(5).
bool has_trust_ad(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string word;
        if (!(words >> word) || word != "options") continue;
        while (words >> word) {
            if (word == "trust-ad") return true;
        }
    }
    return false;
}

}  // namespace

name_servers::name_servers(async::executor executor, const async::clock& clock, resolver_settings settings)
    : executor_(std::move(executor)),
      clock_(clock),
      settings_(std::move(settings)),
      last_stamp_(look()),
      looked_at_(clock_.now()),
      current_(open()) {}

name_servers::~name_servers() {
    for (const auto& each : former_) each->close();
    current_->close();
}

channel& name_servers::now() {
    if (settings_.servers.empty() && clock_.now() - looked_at_ >= between_looks) {
        looked_at_ = clock_.now();
        std::erase_if(former_, [](const auto& entry) { return entry->idle(); });
        // Looked at before it is read: a change in between is seen the next time.
        const stamp there = look();
        if (there != last_stamp_ && there != stamp()) {
            last_stamp_ = there;
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

std::shared_ptr<channel> name_servers::open() const {
    // Servers that the settings name were chosen for it; those of the system need its word, as in glibc.
    return channel::open(executor_, settings_, !settings_.servers.empty() || has_trust_ad(settings_.resolv_conf));
}

void name_servers::replace() {
    try {
        former_.push_back(std::exchange(current_, open()));
    } catch (const std::runtime_error&) {
        // Out of memory or descriptors; the old servers are asked on.
    }
}

}  // namespace waypost::dns
