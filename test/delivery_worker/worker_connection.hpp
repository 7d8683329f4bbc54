// A delivery worker's loop in a thread, and the daemon's side of the connection to it.
#pragma once

#include <csignal>
#include <string>
#include <thread>

#include "serve.hpp"
#include "socket_pair.hpp"
#include "waypost/delivery_worker/job.hpp"

namespace waypost::test {

struct worker_answer {
    delivery_worker::job_answer answer;
    std::string text;
};

class worker_connection {
public:
    worker_connection() {
        std::signal(SIGPIPE, SIG_IGN);
        loop_ = std::thread([this] {
            ended_well_ = delivery_worker::serve(wire_.near());
            ::shutdown(wire_.near(), SHUT_RDWR);
        });
    }
    ~worker_connection() {
        if (loop_.joinable()) end();
    }

    void send(delivery_worker::job what, const std::string& content = {}) {
        what.size = content.size();
        wire_.send(delivery_worker::frame_of(encode(what)) + content);
    }
    void send_octets(const std::string& octets) { wire_.send(octets); }
    worker_answer answer() {
        const auto length = process::read_exactly(wire_.far(), 4).value();
        const auto inside = process::read_exactly(wire_.far(), delivery_worker::frame_size(length).value()).value();
        worker_answer got{delivery_worker::decode_answer(inside).value(), {}};
        got.text = process::read_exactly(wire_.far(), got.answer.size).value();
        return got;
    }
    delivery_worker::job_status ask(const delivery_worker::job& what, const std::string& content = {}) {
        send(what, content);
        return answer().answer.status;
    }
    /// Closes, and says whether the loop ended as it should.
    bool end() {
        wire_.hang_up();
        loop_.join();
        return ended_well_;
    }

private:
    socket_pair wire_;
    bool ended_well_ = false;
    std::thread loop_;
};

}  // namespace waypost::test
