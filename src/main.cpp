#include <fcntl.h>
#include <unistd.h>

#include "waypost/cli/run.hpp"

namespace {

/// Whoever starts us may have closed them. What we opened first would then be our standard output and get what is
/// printed there: a database, a mail. open() takes the lowest descriptor that is free.
void occupy_standard_descriptors() {
    int lowest = -1;
    do {
        lowest = ::open("/dev/null", O_RDWR);
    } while (lowest >= 0 && lowest <= STDERR_FILENO);
    if (lowest >= 0) ::close(lowest);
}

}  // namespace

int main(int argc, char** argv) {
    occupy_standard_descriptors();
    return waypost::cli::run(argc, argv);
}
