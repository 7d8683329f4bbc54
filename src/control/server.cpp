#include "waypost/control/server.hpp"

#include <boost/asio/error.hpp>

#include "waypost/async/run_with.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/exception_text.hpp"
#include "waypost/net/watchdog.hpp"

namespace waypost::control {

namespace {

constexpr std::size_t most_clients = 32;
// A client is a program on this machine that knows what it wants.
constexpr std::chrono::seconds patience{60};
constexpr std::chrono::milliseconds pause_after_failure{100};

}  // namespace

server::server(const async::executor& executor, async::clock& time, observe::log& log, const std::string& path,
               commands commands)
    : executor_(executor),
      clock_(time),
      log_(log),
      commands_(std::move(commands)),
      sockets_(net::acceptor::unix_socket(executor, path, 0600)),
      places_(most_clients),
      clients_(executor,
               [this](std::exception_ptr bug) { log_.error("control", "bug", {{"what", base::text_of(bug)}}); }),
      accepting_(executor) {}

void server::start() { accepting_.start(accept()); }

async::awaitable<> server::stop() {
    co_await accepting_.stop();
    sockets_.close();
    co_await clients_.stop();
}

async::awaitable<> server::accept() {
    for (;;) {
        auto client = co_await sockets_.accept();
        if (client.error() == boost::asio::error::operation_aborted) co_return;
        if (client.has_error()) {
            log_.warn("control", "accept-failed", {{"reason", client.error().message()}});
            co_await clock_.sleep_for(pause_after_failure);
            continue;
        }
        // One too many is let go at once: the socket must stay usable for whoever wants to know why.
        auto place = places_.try_take();
        if (!place) continue;
        clients_.start(serve(std::move(*client), std::move(place)));
    }
}

async::awaitable<> server::serve(std::unique_ptr<net::stream> client, async::permits::token) {
    net::watchdog watchdog(executor_, *client, clock_);
    watchdog.expect_within(patience);
    co_await async::run_with(watchdog.run(), converse(*client));
    client->close();
}

async::awaitable<> server::converse(net::stream& client) {
    std::string buffer;
    std::array<char, 4096> piece;
    for (;;) {
        const std::size_t end = buffer.find('\n');
        if (end == std::string::npos) {
            if (buffer.size() > longest_request) {
                const std::string no = to_line(answer(refusal{"the request is too long"}));
                co_await client.write(std::array{boost::asio::const_buffer(no.data(), no.size())});
                co_return;
            }
            const auto bytes = co_await client.read_some(piece);
            if (bytes.has_error()) co_return;
            buffer.append(piece.data(), *bytes);
            continue;
        }
        const std::string said = to_line(co_await perform(buffer.substr(0, end)));
        buffer.erase(0, end + 1);
        const auto written = co_await client.write(std::array{boost::asio::const_buffer(said.data(), said.size())});
        if (written.has_error()) co_return;
    }
}

async::awaitable<answer> server::perform(std::string line) {
    auto asked = parse_request(line);
    if (auto* no = std::get_if<refusal>(&asked)) co_return std::move(*no);
    auto& [name, arguments] = std::get<request>(asked);
    const auto found = commands_.find(name);
    if (found == commands_.end()) co_return refusal{"there is no command \"" + base::printable(name, 64) + "\""};
    log_.debug("control", "command", {{"name", name}});
    try {
        co_return co_await found->second(std::move(arguments));
    } catch (const json::exception& wrong) {
        co_return refusal{"wrong arguments: " + base::printable(wrong.what(), 200)};
    }
}

}  // namespace waypost::control
