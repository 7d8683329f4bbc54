#include "table_program.hpp"

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "waypost/base/ascii.hpp"

namespace waypost::table {

namespace {

constexpr std::size_t longest_line = 64U << 10;
constexpr std::size_t most_unsent = 1U << 20;

}  // namespace

table_program::table_program(const async::executor& where, child_process process, std::string_view table,
                             complaint_sink complain)
    : process_(std::move(process)),
      talk_(where, boost::asio::local::stream_protocol(), process_.take_talk()),
      errors_(where, boost::asio::local::stream_protocol(), process_.take_errors()),
      changed_(where),
      complain_(std::move(complain)),
      unsent_(protocol::greeting(table)) {
    talk_.non_blocking(true);
    errors_.non_blocking(true);
    send();
}

void table_program::ask(const std::string& id, const std::string& line, std::shared_ptr<program_question> into) {
    if (!end_.empty()) return;
    asked_[id] = std::move(into);
    unsent_ += line;
    send();
    if (unsent_.size() > most_unsent) return give_up("it takes no more questions");
    // Who works at the moment waits for input only, and is to wait for room too.
    if (!unsent_.empty() && working_) talk_.cancel();
}

void table_program::send() {
    boost::system::error_code error;
    while (!unsent_.empty() && end_.empty()) {
        const std::size_t sent = talk_.write_some(boost::asio::buffer(unsent_), error);
        if (error == boost::asio::error::would_block) return;
        if (error) return;  // it has ended: that shows when it is read from
        unsent_.erase(0, sent);
    }
}

void table_program::receive() {
    std::array<char, 16384> block;
    while (end_.empty()) {
        boost::system::error_code error;
        const std::size_t got = talk_.read_some(boost::asio::buffer(block), error);
        if (error == boost::asio::error::would_block) return;
        if (error) return give_up("it has ended");
        unread_.append(block.data(), got);
        take_lines();
    }
}

void table_program::receive_errors() {
    std::array<char, 4096> block;
    while (errors_.is_open()) {
        boost::system::error_code error;
        const std::size_t got = errors_.read_some(boost::asio::buffer(block), error);
        if (error == boost::asio::error::would_block) break;
        if (error) {
            errors_.close(error);
            break;
        }
        unread_errors_.append(block.data(), got);
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
        const auto to = asked_.find(answer->id);
        if (to == asked_.end()) return;  // too late, or once more
        to->second->answered = true;
        to->second->row = std::move(answer->row);
        asked_.erase(to);
        if (!answer->complaint.empty()) complain_("it cannot tell: " + base::printable(answer->complaint));
    } else if (const auto* registered = std::get_if<protocol::registered>(&said)) {
        if (registered->kind) services_.insert(*registered->kind);
    } else if (std::holds_alternative<protocol::ready>(said)) {
        ready_ = true;
    } else {
        give_up("it says what is no answer: " + base::printable(line, 64));
    }
}

void table_program::give_up(std::string why) {
    if (!end_.empty()) return;
    end_ = std::move(why);
    for (auto& [id, question] : asked_) question->answered = true;
    asked_.clear();
    boost::system::error_code ignored;
    talk_.close(ignored);
    changed_.notify();
}

void table_program::look() {
    receive_errors();
    receive();
}

async::awaitable<> table_program::work() {
    using namespace boost::asio::experimental::awaitable_operators;
    struct shift {
        explicit shift(table_program& of) : program(of) { program.working_ = true; }
        ~shift() {
            program.working_ = false;
            program.changed_.notify();
        }
        table_program& program;
    };
    const shift mine(*this);
    const auto may_read = [this] { return talk_.async_wait(socket::wait_read, async::as_result); };
    const auto may_write = [this] { return talk_.async_wait(socket::wait_write, async::as_result); };
    const auto has_errors = [this] { return errors_.async_wait(socket::wait_read, async::as_result); };
    if (errors_.is_open() && !unsent_.empty()) {
        co_await (may_read() || has_errors() || may_write());
    } else if (errors_.is_open()) {
        co_await (may_read() || has_errors());
    } else if (!unsent_.empty()) {
        co_await (may_read() || may_write());
    } else {
        co_await may_read();
    }
    look();
    send();
}

async::awaitable<> table_program::until(std::function<bool()> holds) {
    while (!holds() && end_.empty()) {
        if (working_) {
            co_await changed_.wait();
        } else {
            co_await work();
        }
    }
}

}  // namespace waypost::table
