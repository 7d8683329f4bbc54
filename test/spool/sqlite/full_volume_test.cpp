// A queue that has a volume for itself, and fills it. Needs root, for the volume is a small tmpfs.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <deque>
#include <fstream>
#include <functional>
#include <thread>
#include <tuple>

#include "queue_directory.hpp"
#include "waypost/spool/volume.hpp"

using namespace waypost;
using namespace waypost::spool;
using namespace waypost::spool::test;

namespace {

/// Mounted on the place of the queue for as long as it lives.
class small_volume {
public:
    explicit small_volume(std::string path) : path_(std::move(path)) {
        std::filesystem::create_directories(path_);
        mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=6m,mode=0700") == 0;
        if (!mounted_) WARN("skipped: no volume can be mounted here");
    }
    ~small_volume() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    small_volume(const small_volume&) = delete;
    small_volume& operator=(const small_volume&) = delete;
    explicit operator bool() const noexcept { return mounted_; }

private:
    std::string path_;
    bool mounted_ = false;
};

struct full_queue : queue_directory {
    std::deque<envelope_id> waiting;

    /// How many were taken before one was refused.
    std::size_t fill(std::size_t size, std::size_t most = 3000) {
        for (std::size_t n = 0; n < most; ++n) {
            const auto kept = commit(std::string(size, 'x'), {to("a@example.com")});
            if (!kept) return n;
            waiting.push_back(kept->kept().envelopes[0].id);
        }
        return most;
    }
    /// And waits until the files are gone: workers remove them.
    void end(std::size_t how_many) {
        for (; how_many > 0 && !waiting.empty(); --how_many) {
            store->apply(spool::remove{waiting.front()});
            waiting.pop_front();
        }
        std::ignore = run_to_end(loop, store->count());
        CHECK(comes_true([this] { return files() <= waiting.size(); }));
    }
    /// Somebody else takes every block that is left. The file that holds them.
    std::string fill_volume() const {
        std::string hog = queue() + "/hog";
        std::ofstream out(hog, std::ios::binary);
        for (int n = 0; n < 6 * 256 && out; ++n) out << std::string(4096, 'h') << std::flush;
        return hog;
    }
    [[nodiscard]] std::size_t files() const {
        std::size_t found = 0;
        for (const auto& each : std::filesystem::directory_iterator(queue() + "/body")) found += each.exists() ? 1 : 0;
        return found;
    }
};

}  // namespace

TEST_CASE("audit 21: a queue that filled its volume gets smaller, and takes mail again by itself", "[spool][volume]") {
    const std::size_t size = GENERATE(3'000U, 60'000U, 200'000U);
    CAPTURE(size);
    full_queue queue;
    queue.close();
    std::filesystem::remove_all(queue.queue());
    const small_volume volume(queue.queue());
    if (!volume) return;
    queue.open();
    const std::size_t first = queue.fill(size);
    CHECK(first * size > std::size_t{3} << 20);
    CHECK(queue.refusal == errc::full);
    for (int round = 0; round < 5; ++round) {
        const std::size_t half = queue.waiting.size() / 2;
        queue.end(half);
        REQUIRE(queue.count() == queue.waiting.size());
        CHECK(queue.fill(size) >= half / 2);
    }
    queue.end(queue.waiting.size());
    CHECK(queue.count() == 0);
    CHECK(queue.fill(size) >= first / 2);
    CHECK(queue.count() == queue.waiting.size());
    queue.close();
}

TEST_CASE("a log that the database must grow for is emptied though the last block is taken", "[spool][volume]") {
    full_queue queue;
    queue.close();
    std::filesystem::remove_all(queue.queue());
    const small_volume volume(queue.queue());
    if (!volume) return;
    queue.open();
    REQUIRE(queue.fill(60'000, 30) == 30);
    CHECK(queue.count() == 30);
    queue.sql("PRAGMA wal_checkpoint(PASSIVE)");  // the log is empty and has a long file
    REQUIRE(queue.fill(60'000, 1) == 1);
    const std::string hog = queue.fill_volume();
    queue.end(20);
    CHECK(queue.count() == 11);
    const std::string log = queue.queue() + "/queue.db-wal";
    REQUIRE(std::filesystem::file_size(log) > 0);
    CHECK(comes_true([&] {
        queue.fill(60'000, 1);  // who asks for room has it looked for
        return std::filesystem::file_size(log) == 0;
    }));
    std::filesystem::remove(hog);
    CHECK(comes_true([&] { return queue.store->has_room(60'000); }));
    CHECK(queue.fill(60'000, 10) == 10);
    queue.close();
}

TEST_CASE("audit 21: a queue ends mail though others have filled its volume to the last block", "[spool][volume]") {
    full_queue queue;
    queue.close();
    std::filesystem::remove_all(queue.queue());
    const small_volume volume(queue.queue());
    if (!volume) return;
    queue.open();
    REQUIRE(queue.fill(60'000, 30) == 30);
    // The writer has nothing more to do, and the log nothing to give back.
    CHECK(queue.count() == 30);
    CHECK(queue.count() == 30);
    queue.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    const std::string hog = queue.fill_volume();
    CHECK_FALSE(queue.commit("one more", {queue.to("a@example.com")}));
    CHECK_FALSE(queue.store->has_room(0));
    queue.end(30);
    // A change that cannot be written is tried again each second.
    base::result<std::uint64_t> left = errc::unavailable;
    for (int n = 0; n < 100 && left.has_error(); ++n) {
        left = run_to_end(queue.loop, queue.store->count());
        if (left.has_error()) std::this_thread::sleep_for(50ms);
    }
    REQUIRE(left.has_value());
    CHECK(*left == 0);
    std::filesystem::remove(hog);
    // It may go by what was free some milliseconds ago.
    CHECK(comes_true([&] { return queue.store->has_room(0); }));
    CHECK(queue.fill(60'000, 30) == 30);
    queue.close();
}

namespace {

/// Leaves so many octets of the queue's volume free, or what there are. Never more meanwhile: the writer may look.
class hog {
public:
    explicit hog(const std::string& queue) : directory_(queue), path_(queue + "/hog") {}
    void leave(std::uint64_t octets) {
        const std::string page(4096, 'h');
        std::ofstream out(path_, std::ios::binary | std::ios::app);
        std::uint64_t size = std::filesystem::file_size(path_);
        const std::uint64_t all = size + std::filesystem::space(directory_).available;
        const std::uint64_t wanted = all > octets ? (all - octets) / page.size() * page.size() : 0;
        if (wanted < size) std::filesystem::resize_file(path_, wanted);
        for (; size < wanted && out; size += page.size()) out << page << std::flush;
    }

private:
    std::string directory_;
    std::string path_;
};

struct small_queue : full_queue {
    std::unique_ptr<small_volume> mounted;
    std::uint64_t reserve = 0;
    bool is_mounted = false;

    small_queue() {
        close();
        std::filesystem::remove_all(queue());
        mounted = std::make_unique<small_volume>(queue());
        is_mounted = static_cast<bool>(*mounted);
        open();
        reserve = waypost::spool::volume(queue(), std::nullopt).reserve();
        // When this is answered, the writer has made the file of the reserve.
        count();
    }
    ~small_queue() { close(); }
    /// After the answer to the second question the writer has looked at its room after the first one.
    void let_look() {
        count();
        count();
    }
};

}  // namespace

TEST_CASE("a queue that became empty takes mail again, though nothing is committed any more", "[spool][volume]") {
    small_queue queue;
    if (!queue.is_mounted) return;
    hog others(queue.queue());
    others.leave(queue.reserve + (std::uint64_t{48} << 10));
    for (int n = 0; n < 1000 && queue.store->has_room(0); ++n) {
        queue.fill(3'000, 1);
        queue.end(1);
    }
    CHECK(queue.count() == 0);
    CHECK(comes_true([&] { return queue.store->has_room(0); }));
}

TEST_CASE("an administrator hears once that there is room again", "[spool][volume]") {
    small_queue queue;
    if (!queue.is_mounted) return;
    hog others(queue.queue());
    others.leave(queue.reserve - 4096);
    queue.let_look();
    REQUIRE(queue.warned.mention("new mail is refused"));
    others.leave(queue.reserve + 8192);
    CHECK(queue.store->has_room(0));
    queue.let_look();
    CHECK_FALSE(queue.warned.mention("there is room for new mail again"));
    others.leave(queue.reserve + queue.reserve / 8);
    queue.let_look();
    CHECK(queue.warned.mention("there is room for new mail again"));
}

TEST_CASE("a queue opens on a volume that is full to the last block", "[spool][volume]") {
    small_queue queue;
    if (!queue.is_mounted) return;
    REQUIRE(queue.fill(3'000, 3) == 3);
    queue.close();
    hog others(queue.queue());
    others.leave(0);
    REQUIRE(std::filesystem::space(queue.queue()).available == 0);
    REQUIRE_NOTHROW(queue.open());
    CHECK(queue.warned.mention("the reserve is given up"));
    CHECK(queue.count() == 3);
    queue.end(3);
    CHECK(queue.count() == 0);
}

TEST_CASE("the reserve is in proportion to the volume, unless it is set", "[spool][volume]") {
    temporary_directory place;
    const volume usual(place.path(), std::nullopt);
    CHECK(usual.reserve() > 0);
    CHECK(usual.reserve() <= std::uint64_t{64} << 20);
    CHECK(usual.longest_log() <= usual.reserve());
    const volume large(place.path(), std::uint64_t{1} << 60);
    CHECK_FALSE(large.admits(0));
    CHECK(large.longest_log() == std::uint64_t{16} << 20);
    const volume none(place.path(), 0);
    CHECK(none.admits(std::uint64_t{1} << 60));
}
