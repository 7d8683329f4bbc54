// A file kept in memory, and read again when it has changed. A look at it is due once a second, costs one stat on a
// worker thread, and is taken by a lookup that comes then; that one waits for it, all others go on with what was known.
// The new content is built beside the old and swapped in; the old one is freed on a worker thread, because a million
// rows take longer than the loop may stand still. A file that cannot be read changes nothing, and is logged once.
#pragma once

#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "waypost/table/surroundings.hpp"
#include "waypost/table/table_file.hpp"

namespace waypost::table {

/// What tells one state of a file from the next. A file that is not there has one too.
struct file_state {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;  // nanoseconds
    std::int64_t changed = 0;  // of mode, owner or name too: a file that was moved keeps its time of modification
    friend bool operator==(const file_state&, const file_state&) = default;
};
[[nodiscard]] file_state state_of(const std::string& path);  // blocks

template <class Content>
class watched_file {
public:
    using read_result = std::variant<std::shared_ptr<const Content>, file_fault>;
    using reader = read_result (*)(const std::string& path);

    /// The file as it is now, or why it cannot be read. Blocks.
    [[nodiscard]] static std::variant<watched_file, file_fault> open(std::string name, std::string path, reader read,
                                                                     surroundings& around) {
        watched_file made(std::move(name), std::move(path), read, around);
        made.seen_ = state_of(made.path_);
        read_result first = read(made.path_);
        if (auto* fault = std::get_if<file_fault>(&first)) return std::move(*fault);
        made.content_ = std::move(std::get<std::shared_ptr<const Content>>(first));
        made.due_ = around.clock.now() + pause;
        return made;
    }

    [[nodiscard]] const Content& content() const noexcept { return *content_; }
    [[nodiscard]] bool is_due() const { return !looking_ && around_->clock.now() >= due_; }

    /// Reads the file if it has changed, or in any case when told to. What was there before, if that is another now.
    async::awaitable<base::result<std::shared_ptr<const Content>>> look(bool in_any_case = false) {
        struct busy {
            explicit busy(bool& now) : flag(now) { flag = true; }
            ~busy() { flag = false; }
            bool& flag;
        };
        const busy now(looking_);
        auto job = [path = path_, seen = seen_, read = read_, in_any_case] {
            // The state before reading: what is written meanwhile shows at the next look.
            const file_state state = state_of(path);
            std::optional<read_result> read_now;
            if (in_any_case || state != seen) read_now = read(path);
            return std::pair(state, std::move(read_now));
        };
        auto [state, read_now] = co_await async::offload(around_->io, std::move(job));
        due_ = around_->clock.now() + pause;
        seen_ = state;
        if (!read_now) co_return std::shared_ptr<const Content>();
        if (const auto* fault = std::get_if<file_fault>(&*read_now)) {
            around_->warn(name_, path_ + (fault->line == 0 ? "" : ":" + std::to_string(fault->line)) + ": " +
                                     fault->what + "; what was read before stays in use");
            co_return errc::unavailable;
        }
        auto old = std::exchange(content_, std::get<std::shared_ptr<const Content>>(std::move(*read_now)));
        boost::asio::post(around_->io.pool(), [old] {});
        co_return old;
    }

private:
    static constexpr std::chrono::seconds pause{1};

    watched_file(std::string name, std::string path, reader read, surroundings& around)
        : name_(std::move(name)), path_(std::move(path)), read_(read), around_(&around) {}

    std::string name_;
    std::string path_;
    reader read_;
    surroundings* around_;
    file_state seen_;
    std::shared_ptr<const Content> content_;
    async::time_point due_;
    bool looking_ = false;
};

}  // namespace waypost::table
