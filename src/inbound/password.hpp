// Checks a password against an `auth` table.
#pragma once

#include "waypost/async/awaitable.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/smtp/sasl.hpp"
#include "waypost/table/table.hpp"

namespace waypost::inbound {

enum class password_verdict { right, wrong, could_not_ask };

/// What a password is compared with. An unknown user has one too, which no password matches, so that the time taken
/// tells nobody which names exist.
struct stored_password {
    base::secret hash;
    bool is_known = false;
};

/// The user name is the label of the row (`name => name:crypt-hash`).
async::awaitable<base::result<stored_password>> find_password(table::table& passwords, std::string user);
/// The hash is computed off the loop.
async::awaitable<password_verdict> verify_password(stored_password stored, base::secret password,
                                                   async::thread_pool& io);

/// Whether a password matches a crypt(3) hash (yescrypt, sha512, bcrypt ...), or "{PLAIN}password". Blocks.
[[nodiscard]] bool password_matches(std::string_view password, std::string_view hash);

}  // namespace waypost::inbound
