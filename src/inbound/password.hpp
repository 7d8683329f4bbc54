// Checks a password against an `auth` table.
#pragma once

#include "waypost/async/awaitable.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/smtp/sasl.hpp"
#include "waypost/table/table.hpp"

namespace waypost::inbound {

enum class password_verdict { right, wrong, could_not_ask };

/// The user name is the label of the row (`name => name:crypt-hash`). The hash is computed off the loop, for an unknown
/// user too, so that the time taken tells nobody which names exist.
async::awaitable<password_verdict> check_password(table::table& passwords, smtp::credentials who, async::workers& io);

/// Whether a password matches a crypt(3) hash (yescrypt, sha512, bcrypt ...), or "{PLAIN}password". Blocks.
[[nodiscard]] bool password_matches(std::string_view password, std::string_view hash);

}  // namespace waypost::inbound
