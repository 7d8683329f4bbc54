#include "waypost/control/client.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace waypost::control {

std::optional<answer> ask(const std::string& path, const request& request) {
    using protocol = boost::asio::local::stream_protocol;
    boost::asio::io_context loop;
    protocol::socket daemon(loop);
    boost::system::error_code failed;
    daemon.connect(protocol::endpoint(path), failed);
    if (failed == boost::asio::error::access_denied) return refusal{"only the daemon's own user and root may ask it"};
    if (failed) return std::nullopt;
    boost::asio::write(daemon, boost::asio::buffer(to_line(request)), failed);
    std::string line;
    if (!failed) boost::asio::read_until(daemon, boost::asio::dynamic_buffer(line), '\n', failed);
    if (failed) return refusal{"the daemon did not answer: " + failed.message()};
    line.resize(line.find('\n'));
    return parse_answer(line);
}

}  // namespace waypost::control
