// The delivery worker's loop: one job after the other, over one connection. Blocks; acts under the identity that the
// process has.
#pragma once

namespace waypost::delivery_worker {

/// Ends with the connection: true if that ended between two jobs, false if it broke, or what came over it was no job.
/// The caller has SIGPIPE ignored.
bool serve(int connection);

}  // namespace waypost::delivery_worker
