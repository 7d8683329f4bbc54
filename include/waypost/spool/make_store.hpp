// Opens a queue. Who uses it names no database: the sub-room that is linked defines make_store() (spool/sqlite).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::spool {

struct settings {
    std::string directory = "/var/spool/waypost";
    /// Octets of the volume that new mail leaves free; none: in proportion to the volume.
    std::optional<std::uint64_t> reserve;
    /// The calendar that message ids come from.
    std::function<async::wall_time()> wall = [] { return std::chrono::system_clock::now(); };
};

/// Something that recovery or the writer thread met and an administrator should read: a row set aside, a body file
/// without a row, a commit that failed and is tried again.
using warning_sink = std::function<void(const std::string& text)>;

struct open_queue {
    std::unique_ptr<spool::store> store;
    std::string name;         // names this queue and no other, for ever
    message_id first_new_id;  // messages with lower ids were accepted by an earlier process
};

/// Creates or opens the queue of `settings.directory`, checks its schema, sets unreadable rows aside and removes body
/// files that no row names. `loop` is where the coroutines that call the store run. Throws std::runtime_error with a
/// text for the administrator if the queue cannot be used (among other reasons, because another process has it open for
/// writing). `warn` may be called from another thread.
[[nodiscard]] open_queue make_store(const async::executor& loop, async::thread_pool& io, settings settings,
                                    warning_sink warn);

}  // namespace waypost::spool
