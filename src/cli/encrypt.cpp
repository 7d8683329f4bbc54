#include <crypt.h>
#include <sysexits.h>

#include <iostream>
#include <memory>

#include "commands.hpp"
#include "waypost/base/secret.hpp"

namespace waypost::cli {

int encrypt(const std::optional<std::string>& password) {
    std::string typed;
    if (!password) std::getline(std::cin, typed);
    const base::secret word(password ? *password : std::move(typed));
    if (word.empty()) {
        std::cerr << "waypost encrypt: give a password, as an argument or on standard input\n";
        return EX_USAGE;
    }
    // No prefix, no cost: the system's preferred method (yescrypt on Debian), with salt from the kernel.
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const auto scratch = std::make_unique<crypt_data>();
    if (crypt_gensalt_rn(nullptr, 0, nullptr, 0, setting, sizeof setting) == nullptr) {
        std::cerr << "waypost encrypt: this system cannot make password hashes\n";
        return EX_OSERR;
    }
    const char* hash = crypt_r(std::string(word.reveal()).c_str(), setting, scratch.get());
    if (hash == nullptr || *hash == '*') {
        std::cerr << "waypost encrypt: the password cannot be hashed\n";
        return EX_DATAERR;
    }
    std::cout << hash << '\n';
    return EX_OK;
}

}  // namespace waypost::cli
