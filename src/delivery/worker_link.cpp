#include "worker_link.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <utility>
#include <vector>

#include "errc.hpp"

namespace waypost::delivery {

namespace {

// A job knows its own limit (a command's, a lock's) and ends by it; a delivery worker that is silent beyond this has
// hung itself, on a file system that does not answer, say. Only the reading of a file has none, and a client waits for
// it.
constexpr std::chrono::seconds grace{30};
// Small mail goes out in one write, job and all.
constexpr std::size_t enough_to_write = spool::content::piece_size;
constexpr std::size_t length_octets = 4;
constexpr std::size_t usual_answer = 512;

}  // namespace

worker_link::worker_link(const async::executor& executor, async::clock& time, process::descriptor socket)
    : socket_(executor, boost::asio::local::stream_protocol(), socket.release()), clock_(&time) {}

void worker_link::close() {
    usable_ = false;
    base::error_code ignored;
    socket_.close(ignored);
}

async::awaitable<base::result<job_done>> worker_link::act(job job, const spool::content* content) {
    job.size = content == nullptr ? 0 : content->size();
    usable_ = false;  // until this one has come to its end
    const bool ends_by_itself = job.operation != job::kind::read;
    deadline_ = clock_->now() + job.time + (ends_by_itself ? grace : std::chrono::seconds(0));
    auto answer = co_await talk(job, content);
    deadline_ = async::time_point::max();
    if (answer.has_value()) {
        usable_ = true;
        co_return answer;
    }
    // Whoever gave up on the job must not take that for its outcome.
    const auto cancelled = (co_await boost::asio::this_coro::cancellation_state).cancelled();
    if (cancelled != boost::asio::cancellation_type::none)
        throw boost::system::system_error(boost::asio::error::operation_aborted);
    if (too_late_) co_return errc::worker_silent;
    co_return answer;
}

void worker_link::give_up() {
    too_late_ = true;
    close();
}

async::awaitable<base::result<job_done>> worker_link::talk(const job& job, const spool::content* content) {
    if (const auto failed = co_await send(job, content)) co_return failed;
    co_return co_await receive(job.most);
}

async::awaitable<base::error_code> worker_link::send(const job& job, const spool::content* content) {
    std::string out = delivery_worker::frame_of(encode(job));
    std::vector<char> scratch;
    for (std::uint64_t offset = 0; offset < job.size;) {
        const auto piece = co_await content->read(offset, scratch);
        if (piece.has_error() || piece->empty()) co_return errc::content_unreadable;
        offset += piece->size();
        out += *piece;
        if (out.size() < enough_to_write) continue;
        if (const auto failed = co_await write(out)) co_return failed;
        out.clear();
    }
    co_return co_await write(out);
}

async::awaitable<base::result<job_done>> worker_link::receive(std::uint64_t most) {
    std::string octets;
    std::size_t have = 0;
    if (const auto failed = co_await fill(octets, have, length_octets)) co_return failed;
    const auto length = delivery_worker::frame_size(std::string_view(octets).substr(0, length_octets));
    if (!length) co_return errc::bad_answer;
    const std::size_t frame_end = length_octets + *length;
    if (const auto failed = co_await fill(octets, have, frame_end)) co_return failed;
    const auto answer = delivery_worker::decode_answer(std::string_view(octets).substr(length_octets, *length));
    if (!answer || answer->size > most) co_return errc::bad_answer;
    const std::size_t end = frame_end + static_cast<std::size_t>(answer->size);
    if (const auto failed = co_await fill(octets, have, end)) co_return failed;
    if (have > end) co_return errc::bad_answer;  // more than it was asked
    co_return job_done{status_of(answer->status), answer->is_there, octets.substr(frame_end, end - frame_end)};
}

async::awaitable<base::error_code> worker_link::write(std::string_view octets) {
    const auto [failed, written] =
        co_await boost::asio::async_write(socket_, boost::asio::buffer(octets), async::as_result);
    co_return failed ? make_error_code(errc::worker_lost) : base::error_code();
}

/// Reads on until there are so many octets, and what comes with them: a usual answer is one read.
async::awaitable<base::error_code> worker_link::fill(std::string& octets, std::size_t& have, std::size_t needed) {
    if (have >= needed) co_return base::error_code();
    octets.resize(std::max(needed, usual_answer));
    const auto rest = boost::asio::buffer(octets.data() + have, octets.size() - have);
    const auto [failed, got] = co_await boost::asio::async_read(
        socket_, rest, boost::asio::transfer_at_least(needed - have), async::as_result);
    have += got;
    co_return failed ? make_error_code(errc::worker_lost) : base::error_code();
}

}  // namespace waypost::delivery
