// Trace fields: the Received field that each hop puts in front (RFC 5321 section 4.4), and counting those of others.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::mail {

struct received {
    std::string helo;  // as the client said it
    std::string rdns;  // name of the client's address; empty: "<unknown>"
    std::string address;  // of the client, with or without brackets; empty (mask-src, local socket): no "from"
    std::string host;  // this host
    std::optional<unsigned> uid{};  // of a program on this machine, by the kernel's word
    std::string protocol;  // SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, LMTP (RFC 3848)
    std::string id;  // message id
    std::string tls;  // "TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO"; empty without TLS
    std::string authenticated;  // user name, with received-auth
    std::string only_recipient;  // set when there is just one; a mailbox as on the wire
    std::chrono::system_clock::time_point time;
};

/// Folded, each line within 998 octets, CRLF at its end. No part can break out of its place, whatever bytes it has.
[[nodiscard]] std::string format_received(const received& hop);

/// RFC 5322 section 3.3, in UTC: "Sun, 22 Nov 2026 19:27:00 +0000".
[[nodiscard]] std::string format_date(std::chrono::system_clock::time_point time);

/// Counts Received and Delivered-To fields, together, of a header section that arrives in pieces of any size. Loops
/// show in them: a loop between hosts in the former, one within a host in the latter. Cheap: a piece after the header
/// section costs nothing, one in it a search for line ends.
class hop_counter {
public:
    /// Content as the client sent it (CRLF line ends), dot-unstuffed. Stops looking after the empty line.
    void feed(std::string_view piece);
    [[nodiscard]] std::size_t received_fields() const noexcept { return hops_; }

private:
    void judge_line();

    std::string start_of_line_;  // at most the first dozen bytes, until the line is judged by them
    bool line_judged_ = false;
    bool in_header_ = true;
    std::size_t hops_ = 0;
};

}  // namespace waypost::mail
