#include "load_context.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "waypost/mail/mailbox.hpp"

namespace waypost::config {
namespace {

std::string qualified(const std::string& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_CANONNAME;
    addrinfo* found = nullptr;
    if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
    std::string canonical = found->ai_canonname != nullptr ? found->ai_canonname : "";
    ::freeaddrinfo(found);
    return canonical;
}

bool is_name(const std::string& text) {
    const auto domain = mail::domain::parse(text);
    return domain && !domain->is_literal();
}

}  // namespace

std::string find_host_name() {
    std::array<char, 256> buffer{};
    if (::gethostname(buffer.data(), buffer.size() - 1) == 0) {
        const std::string name = buffer.data();
        if (name.find('.') != std::string::npos && is_name(name)) return mail::domain::parse(name)->text();
        if (!name.empty()) {
            const std::string full = qualified(name);
            // "localhost" for the machine's own name is a line of /etc/hosts, not a name.
            const bool usable = full.find('.') != std::string::npos && !full.starts_with("localhost") && is_name(full);
            if (usable) return mail::domain::parse(full)->text();
            if (is_name(name)) return mail::domain::parse(name)->text();
        }
    }
    return "localhost.localdomain";
}

}  // namespace waypost::config
