#include "channel.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "library.hpp"

namespace waypost::dns {

namespace {

/// Answers up to this size come by UDP without being fragmented on the way (DNS flag day 2020); longer ones by TCP.
constexpr std::uint16_t udp_payload = 1232;

/// Measured: a socket with Linux's default buffer takes in 256 datagrams of the size of a question, and up to a quarter
/// fewer while it is being read.
constexpr std::size_t max_under_way = 128;

/// Answers are larger, and may all come while the loop is busy with something else.
constexpr int receive_buffer = 1 << 20;

constexpr unsigned format_error = 1;

void clear_authentic_data(std::vector<unsigned char>& message) {
    constexpr unsigned authentic_data = 0x20;
    if (message.size() > 3) message[3] = static_cast<unsigned char>(message[3] & ~authentic_data);
}

}  // namespace

struct channel::direction {
    boost::asio::posix::stream_descriptor::wait_type type;
    bool is_wanted = false;
    bool is_waited_for = false;
};

struct channel::lent_socket {
    explicit lent_socket(const async::executor& executor) : descriptor(executor) {}
    boost::asio::posix::stream_descriptor descriptor;
    ares_socket_t fd = ARES_SOCKET_BAD;
    direction input{boost::asio::posix::stream_descriptor::wait_read};
    direction output{boost::asio::posix::stream_descriptor::wait_write};
};

/// What c-ares keeps for us while a question is under way. It always gives it back, once.
struct channel::receipt {
    dns::channel* channel;
    std::shared_ptr<question> question;
};

channel::channel(async::executor executor, std::chrono::milliseconds first_timeout, bool trusts_ad)
    : executor_(std::move(executor)), first_timeout_(first_timeout), trusts_ad_(trusts_ad), timer_(executor_) {}

std::shared_ptr<channel> channel::open(const async::executor& executor, const resolver_settings& settings,
                                       bool trusts_ad) {
    use_library();
    std::shared_ptr<channel> made(new channel(executor, settings.timeout, trusts_ad));
    ares_options options = {};
    options.flags = ARES_FLAG_EDNS;
    options.ednspsz = udp_payload;
    options.socket_receive_buffer_size = receive_buffer;
    options.timeout = static_cast<int>(settings.timeout.count());
    options.tries = settings.tries;
    std::string resolv_conf = settings.resolv_conf;  // c-ares only reads it, and says so nowhere
    options.resolvconf_path = resolv_conf.data();
    options.udp_port = options.tcp_port = settings.port;
    options.sock_state_cb = &channel::on_socket_state;
    options.sock_state_cb_data = made.get();
    const int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_RCVBUF |
                     ARES_OPT_RESOLVCONF | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT | ARES_OPT_SOCK_STATE_CB |
                     (settings.rotate ? ARES_OPT_ROTATE : 0);
    check(::ares_init_options(&made->handle_, &options, mask), "cannot set up the resolver");
    if (!settings.servers.empty()) {
        std::string servers;
        for (const net::endpoint& each : settings.servers) {
            servers += (servers.empty() ? "" : ",") + net::to_string(each);
        }
        check(::ares_set_servers_ports_csv(made->handle_, servers.c_str()), "cannot use the DNS servers " + servers);
    }
    return made;
}

channel::~channel() { close(); }

void channel::close() {
    if (handle_ == nullptr) return;
    timer_.cancel();
    while (!sockets_.empty()) give_back(sockets_.begin()->second);
    for (const waiting& each : std::exchange(waiting_, {})) {
        each.question->take({.status = ARES_EDESTRUCTION, .message = {}});
    }
    ::ares_destroy(std::exchange(handle_, nullptr));
}

std::shared_ptr<question> channel::ask(std::string wire_name, record_type type, question::listener on_answer) {
    auto asked = std::make_shared<question>(executor_, std::move(on_answer));
    if (handle_ == nullptr) {
        asked->take({.status = ARES_EDESTRUCTION, .message = {}});
    } else {
        waiting_.push_back({std::move(wire_name), type, asked});
        start_waiting();
    }
    return asked;
}

void channel::start_waiting() {
    while (!waiting_.empty() && under_way_ < max_under_way) {
        const waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        if (next.question.use_count() == 1) {  // all who asked have been cancelled
            next.question->take({.status = ARES_ECANCELLED, .message = {}});
        } else {
            send(next);
        }
    }
    // No question times out sooner than this; on_time() then asks c-ares for the exact moment.
    if (under_way_ != 0) wake_at(std::chrono::steady_clock::now() + first_timeout_);
}

void channel::send(const waiting& next) {
    // Not ares_query(): it can not ask for the AD bit, and it keeps the SOA record of a "no" to itself.
    const auto id = static_cast<std::uint16_t>(random_());
    const std::string message =
        write_question(id, next.wire_name, next.type, edns_ ? std::optional(udp_payload) : std::nullopt);
    ++under_way_;
    ::ares_send(handle_, reinterpret_cast<const unsigned char*>(message.data()), static_cast<int>(message.size()),
                &channel::on_answer, new receipt{this, next.question});
}

void channel::on_answer(void* context, int status, int /*timeouts*/, unsigned char* message, int size) noexcept {
    const std::unique_ptr<receipt> mine(static_cast<receipt*>(context));
    channel& self = *mine->channel;
    answer given{.status = status, .message = {}};
    if (message != nullptr && size > 0) given.message.assign(message, message + size);
    // RFC 6891 section 7: a server of before 1999. c-ares repeats the first question without EDNS, but knows nothing of
    // the next ones, which are written here.
    if (given.message.size() > 3 && (given.message[3] & 0x0fU) == format_error) self.edns_ = false;
    // What nobody vouches for is not kept, so that no reader of the message has to know.
    if (!self.trusts_ad_) clear_authentic_data(given.message);
    mine->question->take(std::move(given));
    if (--self.under_way_ == 0) {
        self.timer_.cancel();
        self.wakes_at_ = std::chrono::steady_clock::time_point::max();
    }
    if (self.waiting_.empty() || self.will_start_waiting_) return;
    self.will_start_waiting_ = true;
    boost::asio::post(self.executor_, [here = self.weak_from_this()] {
        const auto me = here.lock();
        if (!me || me->handle_ == nullptr) return;
        me->will_start_waiting_ = false;
        me->start_waiting();
    });
}

void channel::on_socket_state(void* self, ares_socket_t fd, int readable, int writable) noexcept {
    static_cast<channel*>(self)->socket_state(fd, readable != 0, writable != 0);
}

void channel::socket_state(ares_socket_t fd, bool readable, bool writable) {
    const auto known = sockets_.find(fd);
    if (!readable && !writable) {  // c-ares is about to close it
        if (known != sockets_.end()) give_back(known->second);
        return;
    }
    socket_ptr one;
    if (known != sockets_.end()) {
        one = known->second;
    } else {
        one = std::make_shared<lent_socket>(executor_);
        boost::system::error_code refused;
        one->descriptor.assign(fd, refused);
        if (refused) return;  // what is asked on it will time out
        one->fd = fd;
        sockets_.emplace(fd, one);
    }
    one->input.is_wanted = readable;
    one->output.is_wanted = writable;
    wait_if_wanted(one, one->input);
    wait_if_wanted(one, one->output);
}

void channel::give_back(socket_ptr socket) {
    sockets_.erase(socket->fd);
    socket->fd = ARES_SOCKET_BAD;
    socket->input.is_wanted = socket->output.is_wanted = false;
    socket->descriptor.release();
}

/// `side` is one of the socket's own.
void channel::wait_if_wanted(const socket_ptr& socket, direction& side) {
    if (!side.is_wanted || side.is_waited_for) return;
    side.is_waited_for = true;
    socket->descriptor.async_wait(side.type,
                                  [here = weak_from_this(), socket, &side](boost::system::error_code failed) {
                                      side.is_waited_for = false;
                                      const auto self = here.lock();
                                      if (!self || failed || socket->fd == ARES_SOCKET_BAD) return;
                                      const bool is_input = &side == &socket->input;
                                      ::ares_process_fd(self->handle_, is_input ? socket->fd : ARES_SOCKET_BAD,
                                                        is_input ? ARES_SOCKET_BAD : socket->fd);
                                      self->wait_if_wanted(socket, side);
                                  });
}

void channel::wake_at(std::chrono::steady_clock::time_point time) {
    if (time >= wakes_at_) return;
    wakes_at_ = time;
    timer_.expires_at(time);
    timer_.async_wait([here = weak_from_this()](boost::system::error_code failed) {
        const auto self = here.lock();
        if (self && !failed && self->handle_ != nullptr) self->on_time();
    });
}

void channel::on_time() {
    wakes_at_ = std::chrono::steady_clock::time_point::max();
    ::ares_process_fd(handle_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    timeval left = {};
    if (::ares_timeout(handle_, nullptr, &left) == nullptr) return;
    // c-ares rounds down to milliseconds; a wake-up too early would find nothing to do.
    const auto pause =
        std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) + std::chrono::milliseconds(1);
    wake_at(std::chrono::steady_clock::now() + pause);
}

}  // namespace waypost::dns
