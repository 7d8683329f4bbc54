// How many messages a second the spool takes: sessions that each commit a message, report its envelope finished, and begin
// again, for a while; every commit is synced to the disk of `directory`.
//
//     spool_commit directory [sessions=20] [seconds=5] [octets=4096] [recipients=1]
//
// Prints messages a second, and how many of the sessions a commit served on average and at most.
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "waypost/async/task_group.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/spool/sqlite_store.hpp"
#include "waypost/spool/transaction.hpp"

namespace {

using namespace waypost;
using std::chrono::steady_clock;

struct load {
    std::size_t sessions = 20;
    std::chrono::seconds length{5};
    std::size_t octets = 4096;
    std::size_t recipients = 1;
};

struct counts {
    std::size_t messages = 0;
    std::size_t failed = 0;
    std::vector<float> waits;  // milliseconds that each commit took
};

async::awaitable<> session(spool::sqlite_store& store, load how, steady_clock::time_point end, counts& seen) {
    const std::string text(how.octets, 'x');
    const auto from = mail::mailbox::parse("sender@example.org");
    const auto to = mail::mailbox::parse("recipient@example.com");
    while (steady_clock::now() < end) {
        spool::transaction next(store);
        next.text().reserve(text.size());
        next.text().set_trace("Received: from client.example.org by mx.example.com with ESMTP\r\n");
        co_await next.text().append(text);
        const auto now = std::chrono::system_clock::now();
        for (std::size_t n = 0; n < how.recipients; ++n)
            next.add({.hop = {"outbound", "example.com"}, .to = {.to = *to}, .expires = now + std::chrono::hours(96)});
        const auto begun = steady_clock::now();
        auto kept = co_await next.commit({.from = mail::reverse_path(*from)}, now, false);
        seen.waits.push_back(std::chrono::duration<float, std::milli>(steady_clock::now() - begun).count());
        if (kept.has_error()) {
            ++seen.failed;
            continue;
        }
        ++seen.messages;
        for (const spool::envelope& each : kept->kept().envelopes) store.apply(spool::finished{each.id});
    }
}

std::size_t argument(int argc, char** argv, int place, std::size_t otherwise) {
    const auto given = argc > place ? base::parse_number(argv[place]) : std::nullopt;
    return given.value_or(otherwise);
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: spool_commit directory [sessions] [seconds] [octets] [recipients]\n", stderr);
        return EXIT_FAILURE;
    }
    const load how{argument(argc, argv, 2, 20), std::chrono::seconds(argument(argc, argv, 3, 5)),
                   argument(argc, argv, 4, 4096), argument(argc, argv, 5, 1)};
    boost::asio::io_context loop(1);
    async::workers io(2);
    counts seen;
    const auto begun = steady_clock::now();
    {
        spool::sqlite_store store(loop.get_executor(), io, {.directory = argv[1]},
                                  [](const std::string& what) { std::fprintf(stderr, "warning: %s\n", what.c_str()); });
        async::task_group sessions(loop.get_executor());
        for (std::size_t n = 0; n < how.sessions; ++n) sessions.start(session(store, how, begun + how.length, seen));
        loop.run();
    }
    io.join();
    const double seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
    std::ranges::sort(seen.waits);
    const auto wait = [&](double part) { return seen.waits[static_cast<std::size_t>(part * static_cast<double>(seen.waits.size() - 1))]; };
    std::printf("%.0f messages/s (%zu in %.2f s, %zu failed); commit ms: median %.2f, 99%% %.2f, most %.2f; %.1f us of CPU a message\n",
                static_cast<double>(seen.messages) / seconds, seen.messages, seconds, seen.failed, static_cast<double>(wait(0.5)),
                static_cast<double>(wait(0.99)), static_cast<double>(wait(1)), cpu_seconds() / static_cast<double>(seen.messages) * 1e6);
    return EXIT_SUCCESS;
}
