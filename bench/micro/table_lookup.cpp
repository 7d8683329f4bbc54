// How long a lookup takes, and how many a second there are, as sessions see it: find<domain>() from coroutines on one
// loop.
//
//     table_lookup directory [seconds=2] [sessions=64]
//
// In memory (inline and text file), with a thousand rows and with a million, half of the keys found: nanoseconds, and
// their ratio. Through SQLite, over an indexed database of a hundred thousand rows: lookups a second. Beside each, the
// longest turn of the loop: the longest that everybody else has to wait, and how long the loop itself worked in one. On
// a machine with other work the first is mostly the scheduler's.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <time.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "waypost/async/task_group.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/table/backends.hpp"
#include "waypost/table/services.hpp"
#include "waypost/table/static_table.hpp"

namespace {

using namespace waypost;
using std::chrono::steady_clock;

constexpr std::size_t few = 1000;
constexpr std::size_t many = 1'000'000;
constexpr std::size_t in_database = 100'000;

struct bench {
    boost::asio::io_context loop{1};
    async::thread_pool io{4};  // as many as `serve` has
    async::real_clock clock;
    table::dependencies around{io, clock, [](std::string_view name, std::string_view text) {
                                   std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(),
                                                std::string(text).c_str());
                               }};
    std::string directory;
    std::chrono::milliseconds length{2000};
    std::size_t sessions = 64;
};

std::string name_of(std::size_t i) { return "host" + std::to_string(i * 7919) + ".customer.example.org"; }

/// Keys of a session, half of them stored, in no order that a cache could guess; made before the clock runs.
std::vector<std::string> keys_for(std::size_t rows, std::size_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::string> keys;
    keys.reserve(1U << 16);
    while (keys.size() < 1U << 16) {
        const std::size_t i = random() % rows;
        keys.push_back(keys.size() % 2 == 0 ? name_of(i) : "not" + name_of(i));
    }
    return keys;
}

struct counts {
    std::size_t lookups = 0;
    std::size_t hits = 0;
    std::size_t failed = 0;
    std::size_t running = 0;
    steady_clock::duration longest_turn{};  // by the clock on the wall: waiting for other threads and processes, too
    steady_clock::duration busiest_turn{};  // of the processor's time: the loop's own work
};

steady_clock::duration time_of_this_thread() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

template <class Service>
async::awaitable<> session(table::table& table, const std::vector<std::string>& keys, steady_clock::time_point end,
                           counts& seen) {
    for (std::size_t i = 0; steady_clock::now() < end; ++i) {
        // In memory nothing ever waits: give the others, and the turns that are measured, their chance.
        if (i % 64 == 0) co_await boost::asio::post(boost::asio::use_awaitable);
        const auto row = co_await table::find<Service>(table, keys[i % keys.size()]);
        ++seen.lookups;
        if (row.has_error()) ++seen.failed;
        if (row.has_value() && row->has_value()) ++seen.hits;
    }
    --seen.running;
}

template <class Service>
counts run(bench& with, table::table& table, std::size_t rows, std::size_t sessions) {
    counts seen;
    seen.running = sessions;
    std::vector<std::vector<std::string>> keys;
    for (std::size_t n = 0; n < sessions; ++n) keys.push_back(keys_for(rows, n));
    async::task_group all(with.loop.get_executor());
    const auto end = steady_clock::now() + with.length;
    for (const auto& each : keys) all.start(session<Service>(table, each, end, seen));
    with.loop.restart();
    const auto work = boost::asio::make_work_guard(with.loop);
    while (seen.running > 0) {
        if (with.loop.run_one_for(std::chrono::milliseconds(1)) == 0) continue;
        // One handler is one turn; the next ones that are ready are timed one by one.
        auto begun = steady_clock::now();
        auto used = time_of_this_thread();
        while (with.loop.poll_one() != 0) {
            seen.longest_turn = std::max(seen.longest_turn, steady_clock::now() - begun);
            seen.busiest_turn = std::max(seen.busiest_turn, time_of_this_thread() - used);
            begun = steady_clock::now();
            used = time_of_this_thread();
        }
    }
    return seen;
}

double milliseconds(steady_clock::duration length) { return std::chrono::duration<double, std::milli>(length).count(); }

/// The best of several short rounds: the machine has other things to do, and these only ever make a round slower.
struct best {
    double nanoseconds = 1e9;
    steady_clock::duration longest_turn = std::chrono::hours(1);
    steady_clock::duration busiest_turn = std::chrono::hours(1);

    void take(const counts& seen, std::chrono::milliseconds length) {
        const double one = std::chrono::duration<double, std::nano>(length).count() / static_cast<double>(seen.lookups);
        nanoseconds = std::min(nanoseconds, one);
        longest_turn = std::min(longest_turn, seen.longest_turn);
        busiest_turn = std::min(busiest_turn, seen.busiest_turn);
    }
};

/// The two in turn, so that a slow minute hits both.
void in_memory(bench& with, const char* backend, table::table& small, table::table& large) {
    best of_few;
    best of_many;
    constexpr int rounds = 10;
    with.length /= rounds;
    for (int i = 0; i < rounds; ++i) {
        of_few.take(run<table::domain>(with, small, few, 1), with.length);
        of_many.take(run<table::domain>(with, large, many, 1), with.length);
    }
    with.length *= rounds;
    std::printf("%-7s %4.0f ns a lookup in %zu rows, %4.0f ns in %zu: %.2f times; longest turn %.2f ms (%.2f busy)\n",
                backend, of_few.nanoseconds, few, of_many.nanoseconds, many, of_many.nanoseconds / of_few.nanoseconds,
                milliseconds(of_many.longest_turn), milliseconds(of_many.busiest_turn));
}

std::unique_ptr<table::table> inline_rows(std::size_t rows) {
    table::entries all;
    for (std::size_t i = 0; i < rows; ++i) all.rows.emplace_back(name_of(i), "");
    return std::make_unique<table::static_table>("inline", all);
}

std::unique_ptr<table::table> file_rows(bench& with, std::size_t rows) {
    const std::string path = with.directory + "/rows." + std::to_string(rows);
    std::ofstream file(path);
    for (std::size_t i = 0; i < rows; ++i) file << name_of(i) << '\n';
    file.close();
    return table::open_table("file", {"file", path}, with.around).table;
}

void print_rate(bench& with, const char* backend, std::size_t sessions, const counts& seen) {
    const double rate = static_cast<double>(seen.lookups) / std::chrono::duration<double>(with.length).count();
    std::printf(
        "sqlite     %8zu rows  %7.0f lookups/s of %s from %zu sessions  %zu failed  longest turn %.2f ms (%.2f busy)\n",
        in_database, rate, backend, sessions, seen.failed, milliseconds(seen.longest_turn),
        milliseconds(seen.busiest_turn));
}

void sqlite_rows(bench& with) {
    const std::string path = with.directory + "/rows.db";
    std::remove(path.c_str());
    SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE domains(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
    {
        SQLite::Transaction all(database);
        SQLite::Statement insert(database, "INSERT INTO domains VALUES(?, ?)");
        for (std::size_t i = 0; i < in_database; ++i) {
            insert.bind(1, name_of(i));
            insert.bind(2, name_of(i));
            insert.exec();
            insert.reset();
        }
        all.commit();
    }
    const std::string conf = with.directory + "/sqlite.conf";
    std::ofstream(conf) << "dbpath " << path << "\nquery_domain select value from domains where key = ?;\n"
                        << "query_alias select value from domains where key = ?;\n";
    const auto opened = table::open_table("sqlite", {"sqlite", conf}, with.around);
    for (const std::size_t sessions : {std::size_t{1}, with.sessions}) {
        print_rate(with, "alias (1 key)", sessions, run<table::alias>(with, *opened.table, in_database, sessions));
        print_rate(with, "domain (5)", sessions, run<table::domain>(with, *opened.table, in_database, sessions));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: table_lookup directory [seconds] [sessions]\n", stderr);
        return EXIT_FAILURE;
    }
    bench with;
    with.directory = argv[1];
    const auto argument = [&](int place, std::size_t otherwise) {
        const auto given = argc > place ? base::parse_number(argv[place]) : std::nullopt;
        return static_cast<std::size_t>(given.value_or(otherwise));
    };
    with.length = std::chrono::seconds(argument(2, 2));
    with.sessions = argument(3, 64);
    in_memory(with, "inline", *inline_rows(few), *inline_rows(many));
    in_memory(with, "file", *file_rows(with, few), *file_rows(with, many));
    sqlite_rows(with);
    with.io.join();
    return EXIT_SUCCESS;
}
