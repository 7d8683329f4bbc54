// What the DNS said to a question, before anybody looks into the records. Pure: bytes in, whatever they are.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "waypost/base/result.hpp"
#include "waypost/dns/resolver.hpp"
#include "wire.hpp"

namespace waypost::dns {

/// As c-ares hands it over: one of its status codes and, with ARES_SUCCESS, the message.
struct answer {
    int status = 0;
    std::vector<unsigned char> message;
};

/// Where the data of a record stands in its message.
struct data_range {
    std::size_t begin = 0;
    std::size_t end = 0;
};

struct reply {
    base::error_code refused;         // not set: there are records, or the name exists without any
    std::vector<data_range> records;  // of the type asked for, at the name asked for or what it is an alias of
    bool authentic = false;
    std::chrono::seconds ttl{0};  // for how long it may be believed; 0: it may not be kept (all but not_found are so)
};

[[nodiscard]] reply read_reply(const answer& answer, record_type type);

}  // namespace waypost::dns
