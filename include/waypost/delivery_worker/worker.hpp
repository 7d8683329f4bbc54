// The other side of a delivery: a process of its own that acts under a user's identity, so that files are made and
// commands run with his rights and no others. It is this same executable, started as `waypost delivery worker UID GID`,
// talks on its standard input, and ends when that does.
#pragma once

namespace waypost::delivery_worker {

/// Takes the identity of UID and GID for good (no supplementary groups), where it is not that already; then does one
/// job after the other until the socket ends. Returns the exit code. Nothing is read before the identity is taken.
int run_worker(unsigned uid, unsigned gid);

}  // namespace waypost::delivery_worker
