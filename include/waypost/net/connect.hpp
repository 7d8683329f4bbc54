// Opens a stream to a peer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/clock.hpp"
#include "waypost/base/result.hpp"
#include "waypost/net/endpoint.hpp"
#include "waypost/net/stream.hpp"

namespace waypost::net {

/// Connects from `source` (or from whichever address the kernel likes). A source of the other family is
/// errc::no_such_family, one that is not ours errc::cannot_bind; longer than
/// `limit` is errc::timed_out.
async::awaitable<base::result<std::unique_ptr<stream>>> connect_tcp(endpoint to, std::optional<address> source,
                                                                    async::clock& time, async::duration limit);
/// The stream over a Unix socket that is connected already; takes the descriptor.
[[nodiscard]] std::unique_ptr<stream> adopt_unix(const async::executor& executor, int descriptor);
async::awaitable<base::result<std::unique_ptr<stream>>> connect_unix(std::string path, async::clock& time,
                                                                     async::duration limit);

}  // namespace waypost::net
