// kill -9 while messages are being committed: what was answered is there afterwards, once, and whole.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <map>
#include <random>

#include "queue_directory.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

struct answered {
    std::uint64_t message;
    std::uint32_t number;
    bool remove;
};

std::string text_of_number(std::uint32_t number) {
    return std::string(number % 9 == 0 ? 80'000 : number % 5000, static_cast<char>('a' + number % 26)) +
           std::to_string(number);
}

async::awaitable<> session(store& store, int answers, std::uint32_t first) {
    for (std::uint32_t number = first;; number += 8) {
        transaction next(store);
        co_await next.text().append(text_of_number(number));
        const auto now = std::chrono::system_clock::now();
        next.add({.hop = {"outbound", "example.com"},
                  .recipient = {.address = address("a@example.com")},
                  .expires = now + 96h});
        auto kept = co_await next.commit({}, now, false);
        if (kept.has_error()) ::_exit(1);
        answered said{kept->message().value(), number, false};
        if (::write(answers, &said, sizeof said) != sizeof said) ::_exit(1);
        if (number % 3 != 0) continue;
        store.apply(spool::remove{kept->kept().envelopes[0].id});
        said.remove = true;
        if (::write(answers, &said, sizeof said) != sizeof said) ::_exit(1);
    }
}

[[noreturn]] void be_killed(const std::string& directory, int answers) {
    boost::asio::io_context loop;
    async::thread_pool io{1};
    const auto queue = make_store(loop.get_executor(), io, {.directory = directory}, [](const std::string&) {});
    for (std::uint32_t n = 0; n < 8; ++n)
        boost::asio::co_spawn(loop, session(*queue.store, answers, n), [](std::exception_ptr) { ::_exit(1); });
    loop.run();
    ::_exit(1);
}

}  // namespace

TEST_CASE("a process that is killed while it commits loses nothing that it answered", "[spool][crash]") {
    temporary_directory place;
    const std::string directory = place.path() + "/queue";
    std::map<message_id, answered> owed;
    std::mt19937 roll(3);
    for (int round = 0; round < 6; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(ends[0]);
            be_killed(directory, ends[1]);
        }
        ::close(ends[1]);
        std::size_t wanted = std::uniform_int_distribution<std::size_t>(1, 400)(roll);
        for (answered said{}; ::read(ends[0], &said, sizeof said) == static_cast<ssize_t>(sizeof said);) {
            owed[message_id(said.message)] = said;
            if (wanted > 0 && --wanted == 0) ::kill(child, SIGKILL);
        }
        ::close(ends[0]);
        int how = 0;
        ::waitpid(child, &how, 0);
        REQUIRE(WIFSIGNALED(how));

        busy_loop loop;
        async::thread_pool io{1};
        warnings warned;
        {
            const auto queue = make_store(loop.get_executor(), io, {.directory = directory}, warned.sink());
            store& store = *queue.store;
            const auto found =
                run_to_end(loop, store.due({"outbound", "example.com"}, async::wall_time::max(), 1'000'000, {}))
                    .value();
            std::map<message_id, envelope_id> present;
            for (const queued_message& each : found) {
                present[each.message->id] = each.envelopes.at(0).id;
                const auto text = run_to_end(loop, store.load(each.message->id));
                REQUIRE(text.has_value());
                const auto known = owed.find(each.message->id);
                if (known == owed.end()) continue;  // committed, and killed before it could say so
                const auto all = run_to_end(loop, read_all(*text)).value();
                CHECK(all == text_of_number(known->second.number));
            }
            for (const auto& [id, said] : owed) {
                if (!said.remove) CHECK(present.contains(id));
            }
            CHECK_FALSE(warned.mention("damaged"));
            // The next round begins with an empty queue.
            for (const auto& [id, first] : present) store.apply(spool::remove{first});
            owed.clear();
        }
        io.join();
    }
}
