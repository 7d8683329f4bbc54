#include "password.hpp"

#include <crypt.h>
#include <openssl/crypto.h>

#include <memory>

#include "waypost/base/ascii.hpp"
#include "waypost/table/services.hpp"

namespace waypost::inbound {

namespace {

// A yescrypt hash of nothing that anybody knows.
constexpr std::string_view hash_of_nobody = "$y$j9T$6H1kzZr8yWqXcVbNmLpQs.$nD3P6f0O9K7hQ2mT5vW8xZ1bC4eG7jL0pR3sU6yA9c2";

bool equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

bool password_matches(std::string_view password, std::string_view hash) {
    constexpr std::string_view plain = "{PLAIN}";
    if (hash.starts_with(plain)) return equal(password, hash.substr(plain.size()));
    if (password.find('\0') != std::string_view::npos) return false;  // crypt_r() would stop there
    const auto scratch = std::make_unique<crypt_data>();
    const base::secret word{std::string(password)};
    const std::string setting(hash);
    const char* computed = crypt_r(std::string(word.reveal()).c_str(), setting.c_str(), scratch.get());
    // crypt_r answers "*0" or "*1" for a setting that it does not know.
    const bool same = computed != nullptr && *computed != '*' && equal(computed, hash);
    OPENSSL_cleanse(scratch.get(), sizeof(crypt_data));
    return same;
}

async::awaitable<base::result<stored_password>> find_password(table::table& passwords, std::string user) {
    const auto row = co_await table::find<table::credentials>(passwords, user);
    if (row.has_error()) co_return row.error();
    const bool is_known = row->has_value() && base::iequals((**row).user, user);
    if (!is_known) co_return stored_password{base::secret(std::string(hash_of_nobody)), false};
    co_return stored_password{(**row).password, true};
}

async::awaitable<password_verdict> verify_password(stored_password stored, base::secret password,
                                                   async::thread_pool& io) {
    auto compute = [given = std::move(password), hash = std::move(stored.hash)] {
        return password_matches(given.reveal(), hash.reveal());
    };
    const bool is_match = co_await async::offload(io, std::move(compute));
    co_return stored.is_known&& is_match ? password_verdict::right : password_verdict::wrong;
}

}  // namespace waypost::inbound
