#include "waypost/delivery_worker/worker.hpp"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "serve.hpp"

namespace waypost::delivery_worker {

namespace {

bool has_identity(uid_t uid, gid_t gid) {
    uid_t real_uid = 0, effective_uid = 0, saved_uid = 0;
    gid_t real_gid = 0, effective_gid = 0, saved_gid = 0;
    return ::getresuid(&real_uid, &effective_uid, &saved_uid) == 0 &&
           ::getresgid(&real_gid, &effective_gid, &saved_gid) == 0 && real_uid == uid && effective_uid == uid &&
           saved_uid == uid && real_gid == gid && effective_gid == gid && saved_gid == gid;
}

/// Who is not root can be nobody else, and stays in his groups.
bool take_identity(uid_t uid, gid_t gid) {
    if (::geteuid() != 0) return has_identity(uid, ::getegid());
    return ::setgroups(0, nullptr) == 0 && ::setresgid(gid, gid, gid) == 0 && ::setresuid(uid, uid, uid) == 0 &&
           ::getgroups(0, nullptr) == 0 && has_identity(uid, gid);
}

/// Nothing of the daemon's is in reach: no descriptor, no trace of its memory, nothing to read by a debugger.
bool shut_off() {
    constexpr rlimit none{0, 0};
    return ::close_range(STDERR_FILENO + 1, ~0U, 0) == 0 && ::setrlimit(RLIMIT_CORE, &none) == 0 &&
           ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

/// A delivery worker ends with its connection and in no other way: what ends the daemon politely must not leave half a
/// mail in a mailbox.
void ignore_signals() {
    for (const int each : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGXFSZ}) std::signal(each, SIG_IGN);
}

}  // namespace

int run_worker(unsigned uid, unsigned gid) {
    if (!take_identity(uid, gid)) return EX_NOPERM;
    if (!shut_off()) return EX_OSERR;
    ignore_signals();
    ::umask(077);
    return serve(STDIN_FILENO) ? EX_OK : EX_PROTOCOL;
}

}  // namespace waypost::delivery_worker
