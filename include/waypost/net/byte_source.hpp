// Octets that are to be written to a stream: from where they lie if that is memory, otherwise read piece by piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"

namespace waypost::net {

class byte_source {
public:
    /// One behind the other they are the whole.
    struct parts {
        std::string_view head;
        std::string_view tail;
    };

    virtual ~byte_source() = default;
    [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
    /// All of it, valid as long as the source lives. Nothing if some of it is not in memory.
    [[nodiscard]] virtual std::optional<parts> in_memory() const noexcept = 0;
    /// The octets from `offset` on, at least one unless `offset` is the end: a view into the source or into `scratch`,
    /// which may be filled with them.
    virtual async::awaitable<base::result<std::string_view>> read(std::uint64_t offset,
                                                                  std::vector<char>& scratch) const = 0;
};

}  // namespace waypost::net
