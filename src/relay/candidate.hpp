// A server that a relay may use, as far as it is known by now: an MX host of the domain, or the host of a relay URL.
#pragma once

#include <vector>

#include "route.hpp"
#include "waypost/mail/relay_url.hpp"
#include "waypost/mail/status.hpp"

namespace waypost::relay {

struct candidate {
    enum class knowledge {
        asking,   // its addresses are being looked up
        known,    // `hosts` has at least one
        nowhere,  // it has no address, or they could not be found out: `because`
    };

    unsigned preference = 0;  // the lower the better, as in MX records
    mail::relay_url url;      // scheme, label and the name that its certificate must have
    knowledge state = knowledge::asking;
    std::vector<host> hosts;
    mail::status because;
};

}  // namespace waypost::relay
