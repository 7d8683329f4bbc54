#include "table_program.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cerrno>

#include "waypost/base/ascii.hpp"

namespace waypost::table {

namespace {

constexpr std::size_t longest_line = 64U << 10;
constexpr std::size_t most_unsent = 1U << 20;

}  // namespace

table_program::table_program(running_program process, std::string_view table, complaint_sink complain)
    : process_(std::move(process)), complain_(std::move(complain)), unsent_(protocol::greeting(table)) {
    send();
}

/// One who reads and writes for all, and the descriptors while he waits for them: lent to his loop, and not owned by
/// it.
struct table_program::io_pump {
    io_pump(table_program& of, const async::executor& executor) : program(of), talk(executor), errors(executor) {
        borrow(talk, of.process_.talk());
        borrow(errors, of.process_.errors());
        of.at_work_ = this;
    }
    ~io_pump() {
        program.at_work_ = nullptr;
        program.changed_.notify();
    }
    io_pump(const io_pump&) = delete;
    io_pump& operator=(const io_pump&) = delete;

    static void borrow(descriptor& target, int fd) {
        if (const int mine = ::fcntl(fd, F_DUPFD_CLOEXEC, 0); mine >= 0) target.assign(mine);
    }
    /// Ends his waiting: there is something new to wait for, or nothing any more.
    void look_up() {
        boost::system::error_code ignored;
        if (talk.is_open()) talk.cancel(ignored);
    }

    table_program& program;
    descriptor talk;
    descriptor errors;
};

void table_program::ask(const std::string& id, const std::string& line, std::shared_ptr<program_question> question) {
    if (!end_.empty()) return;
    questions_[id] = std::move(question);
    unsent_ += line;
    send();
    if (unsent_.size() > most_unsent) return give_up("it takes no more questions");
    // Who is at work waits for input only, and is to wait for room too.
    if (!unsent_.empty() && at_work_ != nullptr) at_work_->look_up();
}

void table_program::send() {
    while (!unsent_.empty() && end_.empty()) {
        const ssize_t sent = ::send(process_.talk(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) return;  // no room; or it has ended, and that shows when it is read from
        unsent_.erase(0, static_cast<std::size_t>(sent));
    }
}

void table_program::receive() {
    std::array<char, 16384> block;
    while (end_.empty()) {
        const ssize_t got = ::recv(process_.talk(), block.data(), block.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return give_up("it has ended");
        unread_.append(block.data(), static_cast<std::size_t>(got));
        take_lines();
    }
}

void table_program::receive_errors() {
    std::array<char, 4096> block;
    while (process_.errors() >= 0) {
        const ssize_t got = ::recv(process_.errors(), block.data(), block.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return process_.close_errors();
        unread_errors_.append(block.data(), static_cast<std::size_t>(got));
        if (unread_errors_.size() > longest_line) unread_errors_.push_back('\n');
        for (std::size_t end; (end = unread_errors_.find('\n')) != std::string::npos;) {
            if (end > 0) complain_("it says: " + base::printable(unread_errors_.substr(0, end)));
            unread_errors_.erase(0, end + 1);
        }
    }
}

void table_program::take_lines() {
    std::size_t begin = 0;
    for (std::size_t end; end_.empty() && (end = unread_.find('\n', begin)) != std::string::npos; begin = end + 1) {
        take(std::string_view(unread_).substr(begin, end - begin));
    }
    unread_.erase(0, begin);
    if (end_.empty() && unread_.size() > longest_line) give_up("it sends a line without an end");
}

void table_program::take(std::string_view line) {
    ++heard_;
    auto said = protocol::parse(line);
    if (auto* answer = std::get_if<protocol::answer>(&said)) {
        const auto to = questions_.find(answer->id);
        if (to == questions_.end()) return;  // too late, or once more
        to->second->answered = true;
        to->second->row = std::move(answer->row);
        questions_.erase(to);
        if (!answer->complaint.empty()) complain_("it cannot tell: " + base::printable(answer->complaint));
    } else if (const auto* registered = std::get_if<protocol::registered>(&said)) {
        if (registered->kind) services_.insert(*registered->kind);
    } else if (std::holds_alternative<protocol::ready>(said)) {
        ready_ = true;
    } else {
        give_up("it says what is no answer: " + base::printable(line, 64));
    }
}

void table_program::give_up(std::string reason) {
    if (!end_.empty()) return;
    end_ = std::move(reason);
    for (auto& [id, question] : questions_) question->answered = true;
    questions_.clear();
    if (at_work_ != nullptr) at_work_->look_up();
    changed_.notify();
}

void table_program::look() {
    receive_errors();
    receive();
}

async::awaitable<> table_program::work() {
    using namespace boost::asio::experimental::awaitable_operators;
    {
        io_pump mine(*this, co_await boost::asio::this_coro::executor);
        if (!mine.talk.is_open()) co_return give_up("no file descriptor is left");
        const auto may_read = [&mine] { return mine.talk.async_wait(descriptor::wait_read, async::as_result); };
        const auto may_write = [&mine] { return mine.talk.async_wait(descriptor::wait_write, async::as_result); };
        const auto has_errors = [&mine] { return mine.errors.async_wait(descriptor::wait_read, async::as_result); };
        if (mine.errors.is_open() && !unsent_.empty()) {
            co_await (may_read() || has_errors() || may_write());
        } else if (mine.errors.is_open()) {
            co_await (may_read() || has_errors());
        } else if (!unsent_.empty()) {
            co_await (may_read() || may_write());
        } else {
            co_await may_read();
        }
    }
    look();
    send();
    changed_.notify();
}

async::awaitable<> table_program::until(std::function<bool()> holds) {
    while (!holds() && end_.empty()) {
        if (at_work_ != nullptr) {
            co_await changed_.wait();
        } else {
            co_await work();
        }
    }
}

}  // namespace waypost::table
