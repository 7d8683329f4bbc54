#include "daemon_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "support/temporary_directory.hpp"
#include "waypost/net/acceptor.hpp"

using namespace waypost;
using cli::connect_to_daemon;
using strings = std::vector<std::string>;

namespace {

struct machine {
    test::temporary_directory directory;
    boost::asio::io_context loop;
    std::string absent = directory / "absent.sock";
    std::string live = directory / "live.sock";
    net::acceptor daemon = net::acceptor::unix_socket(loop.get_executor(), live, 0666);
};

std::string fault_of(const strings& places) {
    const auto socket = connect_to_daemon(places);
    const auto* const none = std::get_if<std::string>(&socket);
    return none != nullptr ? *none : "connected";
}

}  // namespace

TEST_CASE("audit 26: the places of the daemon depend on no configuration", "[cli][daemon_socket]") {
    ::setenv("WAYPOST_CONFIG", "/somewhere/else.conf", 1);
    ::unsetenv("WAYPOST_SOCKET");
    CHECK(cli::socket_places() == strings{"/run/waypost/smtp.sock", "/var/spool/waypost/public/smtp.sock"});
    ::setenv("WAYPOST_SOCKET", "/elsewhere", 1);
    CHECK(cli::socket_places() == strings{"/elsewhere"});
    ::setenv("WAYPOST_SOCKET", "", 1);
    CHECK(cli::socket_places().size() == 2);
    ::unsetenv("WAYPOST_SOCKET");
    ::unsetenv("WAYPOST_CONFIG");
}

TEST_CASE("audit 4: the next place is looked at only where none listens", "[cli][daemon_socket]") {
    machine here;
    std::ofstream(here.directory / "file") << "no socket";
    const std::string refused = here.directory / "file";  // connection refused, as for a socket left behind
    const std::string unreachable = refused + "/smtp.sock";
    CHECK(fault_of({here.live}) == "connected");
    CHECK(fault_of({here.absent, refused, here.live}) == "connected");
    CHECK(fault_of({here.absent, refused}) == "no daemon is running; the message was not accepted (" + here.absent +
                                                  ": No such file or directory; " + refused + ": Connection refused)");
    CHECK(fault_of({here.absent, unreachable, here.live}) ==
          "the daemon cannot be reached; the message was not accepted (" + here.absent +
              ": No such file or directory; " + unreachable + ": Not a directory)");
    CHECK_THAT(fault_of({"/" + std::string(120, 'x')}), Catch::Contains("File name too long"));
}
