#include "waypost/process/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "waypost/process/descriptor.hpp"
#include "waypost/process/io.hpp"

namespace waypost::process {

namespace {

std::string in_words(std::size_t octets) {
    return octets >= (1U << 20) ? std::to_string(octets >> 20) + " MiB" : std::to_string(octets >> 10) + " KiB";
}

}  // namespace

std::variant<std::string, unreadable> read_file(const std::string& path, std::size_t largest, file_kind kind) {
    // Not to wait at a pipe before fstat() can tell that it is one.
    const int wait = kind == file_kind::regular ? O_NONBLOCK : 0;
    const auto file = open_file(path, O_RDONLY | wait);
    if (file.has_error()) return unreadable{file.error().message()};
    struct stat attributes{};
    if (::fstat(file->get(), &attributes) != 0) return unreadable{last_error().message()};
    if (S_ISDIR(attributes.st_mode)) return unreadable{"it is a directory"};
    if (kind == file_kind::regular && !S_ISREG(attributes.st_mode)) return unreadable{"it is not a regular file"};

    const unreadable too_large{"it is larger than " + in_words(largest)};
    std::string text;
    if (S_ISREG(attributes.st_mode)) {
        if (static_cast<std::size_t>(attributes.st_size) > largest) return too_large;
        text.reserve(static_cast<std::size_t>(attributes.st_size));
    }
    // It may grow while it is read, so its size is no end.
    std::array<char, 65536> block;
    for (;;) {
        const auto octets = read_some(file->get(), block);
        if (octets.has_error()) return unreadable{octets.error().message()};
        if (*octets == 0) return text;
        text.append(block.data(), *octets);
        if (text.size() > largest) return too_large;
    }
}

base::result<> sync_directory(const std::string& path) {
    const auto directory = open_file(path, O_RDONLY | O_DIRECTORY);
    if (directory.has_error()) return directory.error();
    if (::fsync(directory->get()) != 0) return last_error();
    return {};
}

}  // namespace waypost::process
