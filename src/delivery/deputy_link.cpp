#include "deputy_link.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <utility>
#include <vector>

#include "errc.hpp"
#include "waypost/async/alongside.hpp"

namespace waypost::delivery {

namespace {

// A job knows its own limit (a command's, a lock's) and ends by it; a deputy that is silent beyond this has hung
// itself, on a file system that does not answer, say.
constexpr std::chrono::seconds grace{30};
// Small mail goes out in one write, job and all.
constexpr std::size_t enough_to_write = spool::content::piece_size;

}  // namespace

deputy_link::deputy_link(const async::executor& on, async::clock& time, descriptor socket)
    : socket_(on, boost::asio::local::stream_protocol(), socket.release()), clock_(&time) {}

void deputy_link::close() {
    usable_ = false;
    base::error_code ignored;
    socket_.close(ignored);
}

async::awaitable<base::result<job_done>> deputy_link::act(job what, const spool::content* content) {
    what.size = content == nullptr ? 0 : content->size();
    base::result<job_done> answer = errc::deputy_lost;
    usable_ = false;  // until this one has come to its end
    const auto deadline = clock_->now() + what.time + grace;
    co_await async::alongside(hang_up_at(deadline), talk(what, content, answer));
    if (answer.has_value()) {
        usable_ = true;
        co_return answer;
    }
    // Whoever gave up on the job must not take that for its outcome.
    const auto cancelled = (co_await boost::asio::this_coro::cancellation_state).cancelled();
    if (cancelled != boost::asio::cancellation_type::none)
        throw boost::system::system_error(boost::asio::error::operation_aborted);
    if (too_late_) co_return errc::deputy_silent;
    co_return answer;
}

async::awaitable<> deputy_link::hang_up_at(async::time_point deadline) {
    co_await clock_->sleep_until(deadline);
    if (clock_->now() < deadline) co_return;  // the answer has come
    too_late_ = true;
    close();
}

async::awaitable<> deputy_link::talk(const job& what, const spool::content* content, base::result<job_done>& answer) {
    if (const auto failed = co_await send(what, content)) {
        answer = failed;
        co_return;
    }
    answer = co_await receive(what.most);
}

async::awaitable<base::error_code> deputy_link::send(const job& what, const spool::content* content) {
    std::string out = frame_of(encode(what));
    std::vector<char> scratch;
    for (std::uint64_t offset = 0; offset < what.size;) {
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

async::awaitable<base::result<job_done>> deputy_link::receive(std::uint64_t most) {
    std::string octets;
    if (const auto failed = co_await read(octets, 4)) co_return failed;
    const auto length = frame_size(octets);
    if (!length) co_return errc::deputy_lies;
    if (const auto failed = co_await read(octets, *length)) co_return failed;
    auto answer = decode_answer(octets);
    if (!answer || answer->size > most) co_return errc::deputy_lies;
    const mail::status& said = answer->said;
    if (!said.is_success() && !said.is_transient() && !said.is_permanent()) co_return errc::deputy_lies;
    if (const auto failed = co_await read(octets, static_cast<std::size_t>(answer->size))) co_return failed;
    co_return job_done{std::move(answer->said), answer->is_there, std::move(octets)};
}

async::awaitable<base::error_code> deputy_link::write(std::string_view octets) {
    const auto [failed, written] =
        co_await boost::asio::async_write(socket_, boost::asio::buffer(octets), async::as_result);
    co_return failed ? make_error_code(errc::deputy_lost) : base::error_code();
}

async::awaitable<base::error_code> deputy_link::read(std::string& into, std::size_t octets) {
    into.resize(octets);
    const auto [failed, got] = co_await boost::asio::async_read(socket_, boost::asio::buffer(into), async::as_result);
    co_return failed ? make_error_code(errc::deputy_lost) : base::error_code();
}

}  // namespace waypost::delivery
