// Where the value of an option is kept: a place in the model, reached along a chain of members.
//
//     field<&model::inbound, &inbound::settings::times, &inbound::time_limits::command>
//
// is where `smtp timeout command` goes. What was not given has no value: an optional that is empty, or an empty text.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "waypost/config/grammar/model.hpp"

namespace waypost::config {

/// Sets and reads one value of a Target.
template <class Target, class Value>
struct member {
    void (*set)(Target& target, Value value);
    std::optional<Value> (*get)(const Target& target);
};

/// The value that an option has where it is stored as this.
template <class Stored>
struct value_stored_as {
    using type = Stored;
};
template <class Stored>
struct value_stored_as<std::optional<Stored>> : value_stored_as<Stored> {};
template <>
struct value_stored_as<std::string> {
    using type = located_string;
};

template <class Pointer>
struct member_pointer;
template <class Owner, class Stored>
struct member_pointer<Stored Owner::*> {
    using owner = Owner;
};

template <auto First, auto... Rest>
struct member_chain {
    using target = typename member_pointer<decltype(First)>::owner;
    using stored = std::remove_cvref_t<decltype(((std::declval<target&>().*First).*....*Rest))>;
    using value = typename value_stored_as<stored>::type;

    static void set(target& owner, value given) {
        stored& place = ((owner.*First).*....*Rest);
        if constexpr (std::is_same_v<stored, std::string>) {
            place = std::move(given.text);
        } else {
            place = std::move(given);
        }
    }
    static std::optional<value> get(const target& owner) {
        const stored& place = ((owner.*First).*....*Rest);
        if constexpr (std::is_same_v<stored, std::string>) {
            return place.empty() ? std::nullopt : std::optional(located_string{place, {}});
        } else if constexpr (std::is_same_v<stored, located_string>) {
            return place.text.empty() ? std::nullopt : std::optional(place);
        } else {
            return place;
        }
    }
};

template <auto... Members>
inline constexpr member<typename member_chain<Members...>::target, typename member_chain<Members...>::value> field{
    &member_chain<Members...>::set, &member_chain<Members...>::get};

}  // namespace waypost::config
