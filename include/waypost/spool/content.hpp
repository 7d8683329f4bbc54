// The content of one message: trace fields that we put in front, and the text as it came (CRLF line ends, no
// dot-stuffing).
//
// Text up to `memory_limit` stays in memory; what is longer goes on in a file of the state directory from its first
// octet on. Whoever appends is the only one; after seal() the content is immutable and shared. A file that no commit
// has taken over is removed with the object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "waypost/async/awaitable.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/async/permits.hpp"
#include "waypost/base/result.hpp"
#include "waypost/net/byte_source.hpp"

namespace waypost::spool {

class body_file;
class volume;

class content final : public net::byte_source {
public:
    static constexpr std::size_t memory_limit = std::size_t{64} * 1024;
    /// What a content may have in memory whatever its budget says: enough for most mail and for writes of a sane size.
    static constexpr std::size_t free_memory = std::size_t{4} * 1024;
    /// How much of a text in a file is in memory at a time.
    static constexpr std::size_t piece_size = std::size_t{64} * 1024;
    /// The name of its file ends so until the content is sealed. A file that was left over under such a name is of a
    /// message that nobody was told was accepted.
    static constexpr std::string_view unfinished = ".part";

    /// To be appended to. `directory` is for the file, should one be needed; `io` runs what blocks. With `room`, no
    /// file grows beyond what this admits: the append is refused with errc::full.
    content(std::string directory, std::string file_name, async::thread_pool& io,
            std::shared_ptr<const volume> room = nullptr);
    /// One that is whole already (made here, or read from the database).
    explicit content(std::string trace, std::string text);
    /// One whose text is in a file.
    content(std::string trace, std::string directory, std::string file_name, std::uint64_t text_size,
            async::thread_pool& io);
    ~content() override;
    content(const content&) = delete;
    content& operator=(const content&) = delete;

    /// Memory for the text, beyond what every content may have, is paid for out of `budget`; where that is short, the
    /// text goes into its file early. The budget outlives the content, or what pay_with() replaces it by does.
    void draw_on(async::permits& budget) { budget_ = &budget; }
    void reserve(std::uint64_t expected);
    void set_trace(std::string fields) { trace_ = std::move(fields); }
    async::awaitable<base::result<>> append(std::string_view piece);
    /// Nothing more will come. A file is on stable storage afterwards; its directory entry is the store's to sync.
    async::awaitable<base::result<>> seal();

    [[nodiscard]] const std::string& trace() const noexcept { return trace_; }
    [[nodiscard]] std::uint64_t text_size() const noexcept { return text_size_; }
    [[nodiscard]] std::uint64_t size() const noexcept override { return trace_.size() + text_size_; }
    [[nodiscard]] bool in_file() const noexcept { return file_ != nullptr; }
    /// The text when it is in memory.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Name of the file within its directory.
    [[nodiscard]] std::string file_name() const;
    /// The store has a row that names the file: it lives on.
    void keep_file() const noexcept;

    /// Trace and text.
    [[nodiscard]] std::optional<parts> in_memory() const noexcept override {
        return in_file() ? std::nullopt : std::optional(parts{trace_, text_});
    }
    /// Fills `scratch` with up to piece_size octets where the text is in a file.
    async::awaitable<base::result<std::string_view>> read(std::uint64_t offset,
                                                          std::vector<char>& scratch) const override;

    /// Units of a memory budget that travel with the content and go back with it.
    void pay_with(async::permits::token paid) const { paid_ = std::move(paid); }

private:
    std::size_t make_room(std::size_t more);
    [[nodiscard]] bool affords(std::size_t octets);
    async::awaitable<base::result<>> flush_tail();

    std::string trace_;
    std::string text_;  // all of the text, or the tail that is not in the file yet
    std::uint64_t text_size_ = 0;
    std::string directory_;
    std::string name_;
    async::thread_pool* io_ = nullptr;
    std::shared_ptr<const volume> room_;
    base::error_code failed_;  // of an append; seal() says it again
    std::shared_ptr<body_file> file_;  // shared with a worker thread while that writes or reads
    async::permits* budget_ = nullptr;
    mutable async::permits::token paid_;
};

}  // namespace waypost::spool
