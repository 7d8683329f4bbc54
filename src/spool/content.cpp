#include "waypost/spool/content.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "body_file.hpp"
#include "waypost/spool/store.hpp"

namespace waypost::spool {
namespace {

std::string path_of(const std::string& directory, const std::string& name) { return directory + '/' + name; }

}  // namespace

content::content(std::string directory, std::string file_name, async::thread_pool& io,
                 std::shared_ptr<const volume> room)
    : directory_(std::move(directory)), name_(std::move(file_name)), io_(&io), room_(std::move(room)) {}

content::content(std::string trace, std::string text)
    : trace_(std::move(trace)), text_(std::move(text)), text_size_(text_.size()) {}

content::content(std::string trace, std::string directory, std::string file_name, std::uint64_t text_size,
                 async::thread_pool& io)
    : trace_(std::move(trace)),
      text_size_(text_size),
      directory_(std::move(directory)),
      name_(std::move(file_name)),
      io_(&io),
      file_(std::make_shared<body_file>(path_of(directory_, name_), body_file::state::kept)) {}

content::~content() {
    // Not on the loop.
    if (file_ && file_->is_to_be_removed())
        boost::asio::post(io_->pool(), [file = std::move(file_)]() mutable { file.reset(); });
}

bool content::affords(std::size_t octets) {
    return budget_ == nullptr || octets <= free_memory || budget_->raise(paid_, octets);
}

void content::reserve(std::uint64_t expected) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(expected, memory_limit));
    if (affords(wanted)) text_.reserve(wanted);
}

/// How many octets fit. Grows by doubling, as std::string would, but never over the limit, nor over what is paid for.
std::size_t content::make_room(std::size_t more) {
    const std::size_t needed = std::min(text_.size() + more, memory_limit);
    if (needed > text_.capacity()) {
        const std::size_t wanted = std::clamp(2 * text_.capacity(), needed, memory_limit);
        if (affords(wanted))
            text_.reserve(wanted);
        else if (2 * text_.capacity() <= free_memory)  // less would be doubled, beyond what is free
            text_.reserve(free_memory);
    }
    return std::min(text_.capacity(), memory_limit) - text_.size();
}

async::awaitable<base::result<>> content::append(std::string_view piece) {
    if (failed_) co_return failed_;
    text_size_ += piece.size();
    while (!piece.empty()) {
        const std::size_t fits = std::min(piece.size(), make_room(piece.size()));
        text_.append(piece.substr(0, fits));
        piece.remove_prefix(fits);
        if (piece.empty()) break;
        if (auto flushed = co_await flush_tail(); flushed.has_error()) co_return flushed.error();
    }
    co_return base::result<>();
}

async::awaitable<base::result<>> content::flush_tail() {
    if (!file_) file_ = std::make_shared<body_file>(path_of(directory_, name_), body_file::state::fresh, room_);
    struct written {
        base::error_code failed;
        std::string tail;
    };
    auto write = [file = file_, tail = std::move(text_)]() mutable {
        const base::error_code failed = file->append(tail);
        tail.clear();
        return written{failed, std::move(tail)};
    };
    written done = co_await async::offload(*io_, std::move(write));
    text_ = std::move(done.tail);  // empty, but its memory is used again
    failed_ = done.failed;
    if (failed_) co_return failed_;
    co_return base::result<>();
}

async::awaitable<base::result<>> content::seal() {
    if (failed_) co_return failed_;
    if (!file_) {
        if (text_.capacity() > 2 * text_.size()) text_.shrink_to_fit();
        co_return base::result<>();
    }
    if (auto flushed = co_await flush_tail(); flushed.has_error()) co_return flushed.error();
    text_ = std::string();
    paid_ = {};
    auto sync = [file = file_] { return file->sync(); };
    failed_ = co_await async::offload(*io_, std::move(sync));
    if (failed_) co_return failed_;
    co_return base::result<>();
}

std::string content::file_name() const { return name_; }

void content::keep_file() const noexcept {
    if (file_) file_->keep();
}

async::awaitable<base::result<std::string_view>> content::read(std::uint64_t offset, std::vector<char>& scratch) const {
    if (offset < trace_.size()) co_return std::string_view(trace_).substr(static_cast<std::size_t>(offset));
    offset -= trace_.size();
    if (offset >= text_size_) co_return std::string_view();
    if (!file_) co_return std::string_view(text_).substr(static_cast<std::size_t>(offset));

    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece_size, text_size_ - offset));
    struct piece {
        base::result<std::size_t> got;
        std::vector<char> octets;
    };
    auto fill = [file = file_, offset, wanted, octets = std::move(scratch)]() mutable {
        octets.resize(wanted);
        auto got = file->read(offset, octets);
        return piece{got, std::move(octets)};
    };
    piece filled = co_await async::offload(*io_, std::move(fill));
    scratch = std::move(filled.octets);
    if (filled.got.has_error()) co_return filled.got.error();
    if (*filled.got == 0) co_return errc::damaged;  // shorter than its row says
    co_return std::string_view(scratch.data(), *filled.got);
}

}  // namespace waypost::spool
