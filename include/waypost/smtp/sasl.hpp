// SASL PLAIN (RFC 4616) and LOGIN, as much of them as is text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "waypost/base/secret.hpp"

namespace waypost::smtp {

enum class sasl_mechanism { plain, login };

struct credentials {
    std::string user;
    base::secret password;
};

/// authzid NUL authcid NUL passwd, base64. Empty user or password, embedded control bytes, an authzid other than the
/// authcid, or bad base64: nothing.
[[nodiscard]] std::optional<credentials> decode_plain(std::string_view response);
[[nodiscard]] base::secret encode_plain(const credentials& credentials);

/// One answer of LOGIN (user or password), base64. Empty, control bytes or bad base64: nothing.
[[nodiscard]] std::optional<base::secret> decode_login(std::string_view response);

// --- the server's side of an exchange (RFC 4954 section 4)
struct sasl_challenge {
    std::string_view text;
};  // base64, for a 334; then on_response()
struct sasl_malformed {};
struct sasl_cancelled {};
using sasl_step = std::variant<sasl_challenge, credentials, sasl_malformed, sasl_cancelled>;

/// One AUTH command, from its mechanism to the credentials. Anything but a challenge ends it.
class sasl_exchange {
public:
    explicit sasl_exchange(sasl_mechanism mechanism) : mechanism_(mechanism) {}
    /// `initial`: the initial response, empty when AUTH had none; "=" is one of no bytes.
    [[nodiscard]] sasl_step begin(std::string_view initial);
    [[nodiscard]] sasl_step on_response(std::string_view line);

private:
    sasl_mechanism mechanism_;
    std::optional<std::string> user_;  // LOGIN, once given
};

}  // namespace waypost::smtp
