#include "waypost/smtp/sasl.hpp"

#include <algorithm>
#include <utility>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::smtp {

namespace {

std::optional<base::secret> decode(std::string_view response) {
    auto bytes = base::base64_decode(response);
    if (!bytes) return std::nullopt;
    return base::secret(std::move(*bytes));
}

bool is_text(std::string_view bytes) noexcept {
    return !bytes.empty() && std::ranges::none_of(bytes, base::is_control);
}

constexpr std::string_view ask_user = "VXNlcm5hbWU6";      // "Username:"
constexpr std::string_view ask_password = "UGFzc3dvcmQ6";  // "Password:"

}  // namespace

//     message = [authzid] UTF8NUL authcid UTF8NUL passwd
std::optional<credentials> decode_plain(std::string_view response) {
    const auto message = decode(response);
    if (!message) return std::nullopt;
    const std::string_view all = message->reveal();
    const auto first = all.find('\0');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = all.find('\0', first + 1);
    if (second == std::string_view::npos) return std::nullopt;

    const std::string_view authzid = all.substr(0, first);
    const std::string_view authcid = all.substr(first + 1, second - first - 1);
    const std::string_view password = all.substr(second + 1);
    // To act for another is more than any table of ours can grant.
    if (!authzid.empty() && authzid != authcid) return std::nullopt;
    if (!is_text(authcid) || !is_text(password)) return std::nullopt;
    return credentials{std::string(authcid), base::secret(std::string(password))};
}

base::secret encode_plain(const credentials& credentials) {
    std::string message;
    message.reserve(2 + credentials.user.size() +
                    credentials.password.reveal().size());  // no copy of a password left behind by growth
    message += '\0';
    message += credentials.user;
    message += '\0';
    message += credentials.password.reveal();
    const base::secret whole(std::move(message));
    return base::secret(base::base64_encode(whole.reveal()));
}

std::optional<base::secret> decode_login(std::string_view response) {
    auto answer = decode(response);
    if (answer && !is_text(answer->reveal())) return std::nullopt;
    return answer;
}

sasl_step sasl_exchange::begin(std::string_view initial) {
    if (initial.empty()) return sasl_challenge{mechanism_ == sasl_mechanism::plain ? std::string_view() : ask_user};
    return on_response(initial == "=" ? std::string_view() : initial);
}

sasl_step sasl_exchange::on_response(std::string_view line) {
    if (line == "*") return sasl_cancelled{};
    if (mechanism_ == sasl_mechanism::plain) {
        if (auto who = decode_plain(line)) return std::move(*who);
        return sasl_malformed{};
    }
    auto answer = decode_login(line);
    if (!answer) return sasl_malformed{};
    if (user_) return credentials{std::move(*user_), std::move(*answer)};
    user_ = std::string(answer->reveal());
    return sasl_challenge{ask_password};
}

}  // namespace waypost::smtp
