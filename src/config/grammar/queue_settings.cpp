// queue path DIRECTORY | reserve SIZE | ttl TIME | retry ...
// bounce warn-interval TIME, ...
#include "settings.hpp"

namespace waypost::config {
namespace {

using schedule = queue::retry_settings;

template <auto Member>
constexpr auto in_schedule = field<&model::queue, &queue::settings::retry, Member>;

constexpr option<model> retry_options[] = {
    {"base", setting{in_schedule<&schedule::base>, time_span()},
     "the n-th try follows the arrival of a message by n x n times this", printing::always},
    {"local-base", setting{in_schedule<&schedule::local_base>, time_span()}, "the same for deliveries on this machine",
     printing::always},
    {"max", setting{in_schedule<&schedule::longest>, time_span()}, "the longest time between two tries",
     printing::always},
    {"jitter", setting{in_schedule<&schedule::jitter_percent>, percentage{50}},
     "each try comes sooner by up to this part of the pause before it", printing::always},
};

constexpr option<model> queue_options[] = {
    {"path", setting{field<&model::queue_path>, string_value{"a directory"}}, "where waiting mail is stored",
     printing::always},
    {"reserve", setting{field<&model::spool, &spool::settings::reserve>, octets()},
     "space that new mail leaves free on the volume; by default in proportion to the volume"},
    {"ttl", setting{field<&model::queue, &queue::settings::ttl>, time_span()},
     "how long delivery is tried before mail goes back to its sender", printing::always},
    {"retry", group{retry_options, "setting of \"queue retry\""},
     "when mail that could not be delivered is tried again"},
    {"compression"},
    {"encryption"},
};

}  // namespace

std::span<const option<model>> queue_settings() { return queue_options; }

void read_warn_intervals(cursor& cursor, model& model, const token&) {
    constexpr std::size_t most_warnings = 4;  // as OpenSMTPD
    cursor.expect_word("warn-interval", "bounce warn-interval 4h");
    std::vector<std::chrono::seconds> times;
    do {
        const token& one = cursor.peek();
        times.push_back(cursor.take_delay("a time"));
        if (times.size() > most_warnings) cursor.fail(one, "more than four warnings", "remove " + cursor.show(one));
    } while (cursor.skip_mark(','));
    std::ranges::sort(times);
    times.erase(std::unique(times.begin(), times.end()), times.end());
    model.queue.warn_intervals = std::move(times);
}

void print_warn_intervals(const model& model, const config::model&, std::vector<std::string>& pieces) {
    std::string times;
    for (const std::chrono::seconds one : model.queue.warn_intervals) times += (times.empty() ? "" : ", ") + delay(one);
    pieces.push_back("bounce warn-interval " + times);
}

}  // namespace waypost::config
