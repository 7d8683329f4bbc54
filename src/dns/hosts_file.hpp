// The hosts file of the system. Its text becomes a table, which is kept for as long as the file stays as it is.
//
// The file may have a hundred thousand lines (lists of names to be blocked), so it is looked at once a second at most,
// and neither that nor the reading is done on the loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/async/event.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/net/endpoint.hpp"

namespace waypost::dns {

/// Pure: what the text of a hosts file says, hosts(5). Lines that say nothing are passed over.
class host_table {
public:
    host_table() = default;
    explicit host_table(std::string_view text);

    /// Empty if the file does not have the name.
    [[nodiscard]] std::vector<net::address> addresses(std::string_view name) const;
    /// The first name of the first line of an address.
    [[nodiscard]] std::vector<std::string> names(const net::address& ip) const;

private:
    void add(std::string_view line);

    std::map<std::string, std::vector<net::address>, std::less<>> by_name_;  // lower case
    std::map<net::address, std::string> by_address_;
};

class hosts_file {
public:
    /// `time` outlives it.
    hosts_file(std::string path, const async::clock& time) : path_(std::move(path)), clock_(time) {}

    /// As the file is now, or was within the last second. Never null.
    static async::awaitable<std::shared_ptr<const host_table>> look(std::shared_ptr<hosts_file> file);

private:
    using stamp = std::tuple<unsigned long, unsigned long, long, long, long>;  // device, inode, size, time of change
    struct state {
        stamp last_stamp;
        std::shared_ptr<const host_table> table = std::make_shared<const host_table>();
    };
    static async::awaitable<> refresh(std::shared_ptr<hosts_file> mine);
    [[nodiscard]] static state read(const std::string& path, state previous);

    std::string path_;
    const async::clock& clock_;
    async::thread_pool reader_{1};
    state now_;
    bool has_looked_ = false;
    std::optional<async::event> reading_;  // while it is being read
    async::time_point fresh_until_ = async::time_point::min();
};

}  // namespace waypost::dns
