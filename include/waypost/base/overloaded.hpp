// Visits a variant with one lambda an alternative.
#pragma once

namespace waypost::base {

template <class... Ts>
struct overloaded : Ts... {
    using Ts::operator()...;
};

}  // namespace waypost::base
