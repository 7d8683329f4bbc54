// The wire to one delivery worker: a job goes out with its content, an answer comes back.
//
// A link on which anything went wrong is no longer in step, and is_usable() says so: its delivery worker is done with.
// An answer is bounded in length; that it comes in time is for the link's owner to see to, who asks is_overdue() now
// and then.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <string>

#include "waypost/async/clock.hpp"
#include "waypost/process/descriptor.hpp"
#include "waypost/spool/content.hpp"
#include "worker_protocol.hpp"

namespace waypost::delivery {

struct job_done {
    mail::status status;
    bool is_there = true;
    std::string text;  // of a file that was read
};

class worker_link {
public:
    worker_link(const async::executor& executor, async::clock& time, process::descriptor socket);

    /// One at a time. `content` may be null; its size is set in the job here.
    async::awaitable<base::result<job_done>> act(job job, const spool::content* content);
    [[nodiscard]] bool is_usable() const noexcept { return usable_; }
    /// The delivery worker hears it, and ends.
    void close();

    [[nodiscard]] bool is_overdue() const { return clock_->now() >= deadline_; }
    /// The job fails as one that was not answered.
    void give_up();

private:
    async::awaitable<base::result<job_done>> talk(const job& job, const spool::content* content);
    async::awaitable<base::error_code> send(const job& job, const spool::content* content);
    async::awaitable<base::result<job_done>> receive(std::uint64_t most);
    async::awaitable<base::error_code> write(std::string_view octets);
    async::awaitable<base::error_code> fill(std::string& octets, std::size_t& have, std::size_t needed);

    boost::asio::local::stream_protocol::socket socket_;
    async::clock* clock_;
    async::time_point deadline_ = async::time_point::max();  // of the job under way
    bool usable_ = true;
    bool too_late_ = false;
};

}  // namespace waypost::delivery
