// Whose directory may hold a queue. Needs root, to make directories of others and to become somebody else.
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "file_system.hpp"
#include "support/temporary_directory.hpp"

using namespace waypost;

namespace {

constexpr uid_t us = 10'025;
constexpr gid_t our_group = 10'026;
constexpr int refused = 1;
constexpr int warned = 2;

/// 0, or one of the above: what becomes of the directory when user 10025 of group 10026 makes it the queue's.
int use(const std::string& path) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setgroups(0, nullptr) != 0 || ::setgid(our_group) != 0 || ::setuid(us) != 0) ::_exit(99);
        int said = 0;
        try {
            spool::sqlite::file_system::make_queue_directory(path, [&](const std::string&) { said = warned; });
        } catch (const std::exception&) {
            said = refused;
        }
        ::_exit(said);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

bool can_be_others() {
    if (::geteuid() != 0) WARN("skipped: only root can be others");
    return ::geteuid() == 0;
}

struct lent_directory {
    test::temporary_directory place;
    std::string path = place / "queue";

    lent_directory(uid_t owner, gid_t group, mode_t mode) {
        std::filesystem::permissions(place.path(), std::filesystem::perms(0755));
        std::filesystem::create_directory(path);
        static_cast<void>(::chown(path.c_str(), owner, group));
        ::chmod(path.c_str(), mode);
    }
    [[nodiscard]] mode_t mode() const {
        struct stat about{};
        ::stat(path.c_str(), &about);
        return about.st_mode & 07777U;
    }
};

}  // namespace

TEST_CASE("a queue lies in a directory of root's or of our group that we can write to", "[spool]") {
    if (!can_be_others()) return;
    const lent_directory of_kubernetes(0, our_group, 02775);
    CHECK(use(of_kubernetes.path) == 0);
    CHECK(of_kubernetes.mode() == 02775);
    const lent_directory of_an_image(2000, our_group, 0770);
    CHECK(use(of_an_image.path) == 0);
    const lent_directory for_all(0, 0, 0777);
    CHECK(use(for_all.path) == warned);
    const lent_directory ours(us, our_group, 0775);
    CHECK(use(ours.path) == 0);
    CHECK(ours.mode() == 0711);
}

TEST_CASE("a queue does not lie in a directory of a stranger's", "[spool]") {
    if (!can_be_others()) return;
    CHECK(use(lent_directory(2000, 2000, 0777).path) == refused);
    CHECK(use(lent_directory(0, 0, 0755).path) == refused);
    CHECK(use(lent_directory(2000, our_group, 0750).path) == refused);
}

TEST_CASE("a database that somebody else has put into a shared directory is not used", "[spool]") {
    if (!can_be_others()) return;
    const lent_directory shared(0, our_group, 02775);
    std::ofstream(shared.path + "/queue.db") << "x";
    ::chmod((shared.path + "/queue.db").c_str(), 0666);
    CHECK(use(shared.path) == refused);
    static_cast<void>(::chown((shared.path + "/queue.db").c_str(), us, our_group));
    CHECK(use(shared.path) == 0);
}
