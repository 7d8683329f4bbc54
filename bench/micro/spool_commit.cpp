// How many messages a second the spool takes: sessions that each commit a message, report its envelope finished, and
// begin again, for a while; every commit is synced to the disk of `directory`.
//
//     spool_commit directory [sessions=20] [seconds=5] [octets=4096] [recipients=1] [left=0]
//
// Prints messages a second, how many of them a commit took on average, and how long they waited for it.
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "waypost/async/task_group.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/spool/make_store.hpp"
#include "waypost/spool/transaction.hpp"

namespace {

using namespace waypost;
using std::chrono::steady_clock;

struct load {
    std::size_t sessions = 20;
    std::chrono::seconds length{5};
    std::size_t octets = 4096;
    std::size_t recipients = 1;
    std::size_t remaining = 0;  // of a hundred messages, how many stay in the queue
};

struct counts {
    std::size_t messages = 0;
    std::size_t failed = 0;
    std::vector<float> waits;  // milliseconds that each commit took
    std::size_t batches = 0;
    bool in_batch = false;

    // Those of one batch are resumed by one function on the loop, so what is posted by the first runs after the last.
    void resumed(boost::asio::io_context& loop) {
        if (std::exchange(in_batch, true)) return;
        ++batches;
        boost::asio::post(loop, [this] { in_batch = false; });
    }
};

async::awaitable<> session(boost::asio::io_context& loop, spool::store& store, load how, steady_clock::time_point end,
                           counts& seen) {
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
            next.add({.hop = {"outbound", "example.com"},
                      .recipient = {.address = *to},
                      .expires = now + std::chrono::hours(96)});
        const auto begun = steady_clock::now();
        auto kept = co_await next.commit({.address = mail::reverse_path(*from)}, now, false);
        seen.resumed(loop);
        seen.waits.push_back(std::chrono::duration<float, std::milli>(steady_clock::now() - begun).count());
        if (kept.has_error()) {
            ++seen.failed;
            continue;
        }
        ++seen.messages;
        if (seen.messages % 100 < how.remaining) continue;
        for (const spool::envelope& each : kept->kept().envelopes) store.apply(spool::remove{each.id});
    }
}

std::size_t argument(int argc, char** argv, int place, std::size_t otherwise) {
    const auto given = argc > place ? base::parse_number(argv[place]) : std::nullopt;
    return given.value_or(otherwise);
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: spool_commit directory [sessions] [seconds] [octets] [recipients] [left]\n", stderr);
        return EXIT_FAILURE;
    }
    const load how{argument(argc, argv, 2, 20), std::chrono::seconds(argument(argc, argv, 3, 5)),
                   argument(argc, argv, 4, 4096), argument(argc, argv, 5, 1), argument(argc, argv, 6, 0)};
    boost::asio::io_context loop(1);
    async::thread_pool io(2);
    counts seen;
    const auto begun = steady_clock::now();
    {
        const auto queue =
            spool::make_store(loop.get_executor(), io, {.directory = argv[1]},
                              [](const std::string& text) { std::fprintf(stderr, "warning: %s\n", text.c_str()); });
        async::task_group sessions(loop.get_executor());
        for (std::size_t n = 0; n < how.sessions; ++n)
            sessions.start(session(loop, *queue.store, how, begun + how.length, seen));
        loop.run();
    }
    io.join();
    const double seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
    const auto messages = static_cast<double>(seen.messages);
    std::ranges::sort(seen.waits);
    const auto wait = [&](double part) {
        const auto place = static_cast<std::size_t>(part * static_cast<double>(seen.waits.size() - 1));
        return static_cast<double>(seen.waits.at(place));
    };
    std::printf("%.0f messages/s (%zu in %.2f s, %zu failed), %.1f a batch; ", messages / seconds, seen.messages,
                seconds, seen.failed, static_cast<double>(seen.waits.size()) / static_cast<double>(seen.batches));
    std::printf("a commit takes %.2f ms (median), %.2f (99 %%), %.2f (most); %.1f us of CPU a message\n", wait(0.5),
                wait(0.99), wait(1), cpu_seconds() / messages * 1e6);
    return EXIT_SUCCESS;
}
