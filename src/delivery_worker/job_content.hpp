// The content of a job as it comes over the connection: in pieces, never whole in memory, with LF at line ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "waypost/base/result.hpp"

namespace waypost::delivery_worker {

class job_content {
public:
    /// `size` octets are to come; the connection is the caller's.
    job_content(int connection, std::uint64_t size) : connection_(connection), remaining_(size) {}

    [[nodiscard]] int connection() const noexcept { return connection_; }
    [[nodiscard]] bool at_end() const noexcept { return remaining_ == 0 && ahead_.empty(); }
    /// Reads once and answers with what became of it, perhaps nothing; valid until the next call. An error: the
    /// connection broke, and nothing of this mail may be kept.
    [[nodiscard]] base::result<std::string_view> next();
    /// The beginning, up to the end of the header or `most` octets, without taking it.
    [[nodiscard]] base::result<std::string_view> peek_header(std::size_t most);
    /// Throws away what nobody took, so that the connection stays in step.
    [[nodiscard]] base::result<> drain();

private:
    base::result<std::string> read_piece();

    int connection_;
    std::uint64_t remaining_;
    bool after_cr_ = false;
    std::string ahead_;  // peeked at, not taken
    std::string piece_;
};

/// Line ends as mailboxes on this system have them: LF. `after_cr` carries a CR over from piece to piece.
[[nodiscard]] std::string with_native_line_ends(std::string_view piece, bool& after_cr);
/// The same for what is there as a whole.
[[nodiscard]] std::string with_native_line_ends(std::string_view whole);

}  // namespace waypost::delivery_worker
