// A file kept in memory, and read again when it has changed. A look at it is due once a second, costs one stat on a
// worker thread, and is taken by a lookup that comes then; that one waits for it, all others go on with what was known.
// The new content is built beside the old and swapped in; the old one is freed on a worker thread, because a million
// rows take longer than the loop may stand still. A file that cannot be read changes nothing, and is logged once.
//
// A file that took the old one's place, by rename, counts at once if it was written more than a second ago. One that is
// being written is half of itself while that goes on, so it counts when nobody has written to it for a second. One that
// is written to for 15 seconds without such a second is taken as far as its last whole line, with a warning, or its
// rows would stay old for ever.
#pragma once

#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "table_file.hpp"
#include "waypost/table/dependencies.hpp"

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
/// Whether the file is whole as it is now, as far as one can tell: nobody is in the middle of writing it.
[[nodiscard]] bool is_whole(const file_state& now, const file_state& in_use, const file_state& last_look,
                            async::wall_time time);

/// How long a file has been written to without a second of rest.
class writing_spell {
public:
    [[nodiscard]] bool is_long(async::time_point now) const noexcept { return since_ && now - *since_ >= longest; }
    /// What a look has shown. Whether a file was read while it is written to, for the first time in this spell.
    [[nodiscard]] bool seen(async::time_point now, bool is_written_to, bool is_read) noexcept;

private:
    static constexpr std::chrono::seconds longest{15};
    /// Nobody knows what was between two looks that are so far apart.
    static constexpr std::chrono::minutes forgotten_after{1};

    std::optional<async::time_point> since_;  // or since it was read
    async::time_point last_look_;
    bool is_told_ = false;
};

template <class Content>
class watched_file {
public:
    using read_result = std::variant<std::shared_ptr<const Content>, file_fault>;
    /// Doubts about what can be used all the same go into the second.
    using reader = std::function<read_result(const std::string& path, last_line end, std::vector<file_fault>& doubts)>;

    /// The file as it is now, or why it cannot be read. Blocks.
    [[nodiscard]] static std::variant<watched_file, file_fault> open(std::string name, std::string path, reader read,
                                                                     dependencies& context) {
        watched_file made(std::move(name), std::move(path), std::move(read), context);
        made.in_use_ = made.last_look_ = state_of(made.path_);
        std::vector<file_fault> doubts;  // whoever loads the configuration has its own
        read_result first = made.read_(made.path_, last_line::as_it_is, doubts);
        if (auto* fault = std::get_if<file_fault>(&first)) return std::move(*fault);
        made.content_ = std::move(std::get<std::shared_ptr<const Content>>(first));
        made.due_ = context.clock.now() + pause;
        return made;
    }

    [[nodiscard]] const Content& content() const noexcept { return *content_; }
    /// From now on it is read so.
    void read_by(reader read) { read_ = std::move(read); }
    [[nodiscard]] bool is_due() const { return !looking_ && context_->clock.now() >= due_; }

    /// Reads the file if it has changed, or in any case when told to. What was there before, if that is another now.
    async::awaitable<base::result<std::shared_ptr<const Content>>> look(bool in_any_case = false) {
        struct busy {
            explicit busy(bool& now) : flag(now) { flag = true; }
            ~busy() { flag = false; }
            bool& flag;
        };
        const busy now(looking_);
        const bool whatever_it_is = in_any_case || writing_.is_long(context_->clock.now());
        auto job = [path = path_, in_use = in_use_, last_look = last_look_, time = context_->clock.wall(), read = read_,
                    whatever_it_is,
                    in_any_case] { return look_at(path, in_use, last_look, time, read, whatever_it_is, in_any_case); };
        looked seen = co_await async::offload(context_->io, std::move(job));
        due_ = context_->clock.now() + pause;
        last_look_ = seen.state;
        const bool is_news = writing_.seen(context_->clock.now(), seen.is_written_to, seen.content.has_value());
        if (!seen.content) co_return std::shared_ptr<const Content>();
        in_use_ = seen.state;
        if (seen.is_written_to) in_use_.size = -1;  // the rest of it is still to come
        if (is_news) warn({0, "it is written to all the time"}, "; it is read as it is, to its last whole line");
        for (const file_fault& doubt : seen.doubts) warn(doubt, {});
        if (const auto* fault = std::get_if<file_fault>(&*seen.content)) {
            warn(*fault, "; what was read before stays in use");
            co_return errc::unavailable;
        }
        auto old = std::exchange(content_, std::get<std::shared_ptr<const Content>>(std::move(*seen.content)));
        boost::asio::post(context_->io.pool(), [old] {});
        co_return old;
    }

    void warn(const file_fault& wrong, const std::string& consequence) const {
        const std::string line = wrong.line == 0 ? "" : ":" + std::to_string(wrong.line);
        context_->warn(name_, path_ + line + ": " + wrong.text + consequence);
    }

private:
    static constexpr std::chrono::seconds pause{1};

    struct looked {
        file_state state;
        bool is_written_to = false;
        std::optional<read_result> content;  // none: nothing new, or it is being written
        std::vector<file_fault> doubts;
    };

    watched_file(std::string name, std::string path, reader read, dependencies& context)
        : name_(std::move(name)), path_(std::move(path)), read_(std::move(read)), context_(&context) {}

    /// On a worker thread.
    static looked look_at(const std::string& path, const file_state& in_use, const file_state& last_look,
                          async::wall_time time, const reader& read, bool whatever_it_is, bool in_any_case) {
        looked seen{.state = state_of(path), .content = std::nullopt, .doubts = {}};
        if (!in_any_case && seen.state == in_use) return seen;
        seen.is_written_to = !in_any_case && !is_whole(seen.state, in_use, last_look, time);
        if (seen.is_written_to && !whatever_it_is) return seen;
        seen.content = read(path, seen.is_written_to ? last_line::only_with_its_end : last_line::as_it_is, seen.doubts);
        const file_state after = state_of(path);
        const bool was_written_meanwhile = after.inode == seen.state.inode && after != seen.state;
        if (!in_any_case && !seen.is_written_to && was_written_meanwhile) {
            seen.state = after;
            seen.is_written_to = true;
            seen.content.reset();
        }
        return seen;
    }

    std::string name_;
    std::string path_;
    reader read_;
    dependencies* context_;
    file_state in_use_;  // of what was read last, also of what could not be used
    file_state last_look_;  // as it was a second ago or longer
    writing_spell writing_;
    std::shared_ptr<const Content> content_;
    async::time_point due_;
    bool looking_ = false;
};

}  // namespace waypost::table
