#include "waypost/queue/retry.hpp"

#include <algorithm>
#include <cmath>

namespace waypost::queue {

using std::chrono::seconds;

namespace {

/// The finalizer of splitmix64: seeds that differ in one bit have nothing in common afterwards.
std::uint64_t mixed(std::uint64_t seed) {
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebULL;
    return seed ^ (seed >> 31);
}

}  // namespace

async::wall_time next_try(seconds base, seconds longest, async::wall_time created, unsigned tries,
                          async::wall_time now) {
    // Whole seconds from here on: the square of a hostile number of tries would not fit into the clock's nanoseconds.
    const double step = static_cast<double>(std::max(base, seconds(1)).count());
    const double age = static_cast<double>(std::max(std::chrono::ceil<seconds>(now - created), seconds(0)).count());
    // The first n with base * n * n > age, but not one that was used already.
    double n = std::max(static_cast<double>(std::max(tries, 1U)), std::floor(std::sqrt(age / step)));
    while (step * n * n <= age) ++n;
    // A clock that is set back makes a message younger than nothing: the longest pause holds for it too.
    const auto latest = now + std::max(longest, seconds(1));
    if (step * n * n - age >= static_cast<double>(longest.count())) return latest;
    const auto moment = created + seconds(static_cast<seconds::rep>(step * n * n));
    return std::clamp(moment, now + seconds(1), latest);
}

async::wall_time spread(async::wall_time moment, async::wall_time now, unsigned percent, std::uint64_t seed) {
    constexpr double two_to_the_64th = 18446744073709551616.0;
    const double share = static_cast<double>(mixed(seed)) / two_to_the_64th * std::min(percent, 100U) / 100;
    const double pause = std::chrono::duration<double>(moment - now).count();
    const auto sooner = moment - seconds(static_cast<seconds::rep>(share * pause));
    return std::max(sooner, std::min(moment, now + seconds(1)));
}

bool warning_owed(const std::vector<seconds>& intervals, unsigned sent, async::wall_time created,
                  async::wall_time next) {
    return sent < intervals.size() && next > created + intervals[sent];
}

}  // namespace waypost::queue
