// The files that expansion reads: a user's ~/.forward, and lists that aliases include. Who reads them, and under whose
// identity, is not the rules' business.
#pragma once

#include <optional>
#include <string>

#include "waypost/async/awaitable.hpp"
#include "waypost/base/result.hpp"
#include "waypost/table/services.hpp"

namespace waypost::rules {

class user_files {
public:
    virtual ~user_files() = default;
    /// The text of the ~/.forward of this user; nothing if he has none. An error where it may not be trusted (owner,
    /// modes, a link, no regular file, too large) or could not be read now: his mail waits until he mends it.
    virtual async::awaitable<base::result<std::optional<std::string>>> forward_of(table::userinfo::value user) = 0;
    /// The text of a list that an alias (no user) or the .forward of `user` includes by its absolute path.
    virtual async::awaitable<base::result<std::string>> list(std::string path,
                                                             std::optional<table::userinfo::value> user) = 0;
};

}  // namespace waypost::rules
