// A table program that runs, and the conversation with it. One life: when it has died, another object is made.
//
// There is no coroutine of its own: whoever waits for an answer reads and writes for all who wait, and hands over when
// he goes. So nothing runs while nobody asks, nothing has to be stopped, and nothing of the loop is kept.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "running_program.hpp"
#include "table_protocol.hpp"
#include "wait_list.hpp"

namespace waypost::table {

/// Shared by who asks and the program that may answer when he has gone.
struct program_question {
    bool answered = false;
    base::result<std::optional<std::string>> row = errc::unavailable;
};

class table_program {
public:
    using complaint_sink = std::function<void(const std::string&)>;

    table_program(running_program process, std::string_view table, complaint_sink complain);

    /// Sends a line; the answer to `id` goes to `question`.
    void ask(const std::string& id, const std::string& line, std::shared_ptr<program_question> question);
    void forget(const std::string& id) { questions_.erase(id); }

    [[nodiscard]] bool is_ready() const noexcept { return ready_; }
    /// Why it can be asked no more; empty: it can.
    [[nodiscard]] const std::string& end() const noexcept { return end_; }
    [[nodiscard]] bool serves(service kind) const { return services_.contains(kind); }
    [[nodiscard]] std::size_t lines_heard() const noexcept { return heard_; }

    /// Reads and writes until this holds or the program has ended.
    async::awaitable<> until(std::function<bool()> holds);
    /// Takes note of what has come in, without waiting: it may have ended while nobody asked.
    void look();
    /// It is to be asked no more: all questions fail.
    void give_up(std::string reason);
    /// For a thread that may wait for its end.
    [[nodiscard]] running_program take_process() { return std::move(process_); }

private:
    using descriptor = boost::asio::posix::stream_descriptor;
    struct io_pump;

    async::awaitable<> work();
    void send();
    void receive();
    void receive_errors();
    void take_lines();
    void take(std::string_view line);

    running_program process_;
    wait_list changed_;
    io_pump* at_work_ = nullptr;  // who reads and writes for all, while he waits
    complaint_sink complain_;
    std::map<std::string, std::shared_ptr<program_question>> questions_;
    std::set<service> services_;
    std::string unsent_;
    std::string unread_;
    std::string unread_errors_;
    std::string end_;
    std::size_t heard_ = 0;
    bool ready_ = false;
};

}  // namespace waypost::table
