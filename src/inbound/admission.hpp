// Who may have a session: how many each address, each network, each local user and each kind of listener may hold.
//
// Strangers cannot keep this host's own users out: an eighth of all sessions is kept for each kind of listener that is
// there, so a flood on port 25 leaves room for submission and for the programs of this machine. A client whose address
// or network has its share is turned away; one that finds all sessions taken waits. Pure but for the counting.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "address_counts.hpp"
#include "waypost/inbound/settings.hpp"

namespace waypost::inbound {

enum class door { open, submission, local };
[[nodiscard]] door door_of(const listener_settings& listener);

class admission {
public:
    /// A client is here, counted for its address.
    struct visit {
        std::optional<address_counts::token> client;
        std::optional<address_counts::token> network;
        std::optional<counts<unsigned>::token> user;
    };
    /// Why a client is turned away: "too many connections from 192.0.2.1".
    struct refusal {
        std::string text;
    };
    /// One of all sessions. Must not outlive the admission.
    class slot {
    public:
        slot(slot&& source) noexcept : admission_(std::exchange(source.admission_, nullptr)), door_(source.door_) {}
        slot& operator=(slot source) noexcept {
            std::swap(admission_, source.admission_);
            std::swap(door_, source.door_);
            return *this;
        }
        ~slot();

    private:
        friend class admission;
        slot(admission& admission, door door) : admission_(&admission), door_(door) {}
        admission* admission_;
        door door_;
    };

    explicit admission(const settings& limits);
    /// From now on; whoever is in stays in.
    void set_limits(const settings& limits);

    /// `ip`: none over a Unix socket, where a user has a limit instead, but for root. The loopback has a limit of its
    /// own.
    [[nodiscard]] std::variant<visit, refusal> arrive(const std::optional<net::address>& ip,
                                                      std::optional<unsigned> uid = std::nullopt);
    /// Nothing while every session that this door may have is taken.
    [[nodiscard]] std::optional<slot> try_take(door door);

private:
    [[nodiscard]] std::variant<visit, refusal> arrive_locally(std::optional<unsigned> uid);
    [[nodiscard]] std::size_t kept_for_others(door door) const;

    std::size_t limit_ = 0;
    std::array<std::size_t, 3> reserved_{};
    std::array<std::size_t, 3> used_{};
    address_counts loopback_{0};
    address_counts clients_{0};
    address_counts networks_{0};
    counts<unsigned> users_{0};
};

}  // namespace waypost::inbound
