// One message of a client, from MAIL to the answer to its content: the spool's transaction, the envelopes of its
// recipients and what they cost, and its trace. It lives exactly as long as the protocol has a transaction; dropped
// without commit(), it leaves nothing behind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "budgets.hpp"
#include "content_chain.hpp"
#include "delivery_list.hpp"
#include "waypost/inbound/server.hpp"
#include "waypost/spool/transaction.hpp"

namespace waypost::inbound {

class transaction {
public:
    /// Who sends it: for the budgets (client_of()), and for the log.
    struct owner {
        std::string budget_key;
        std::string session_id;
    };
    /// All of it outlives the transaction.
    transaction(const dependencies& context, const settings& settings, budgets& shared, const owner& client);

    [[nodiscard]] std::string id() const { return spool::to_string(spooled_.id()); }
    /// The envelopes of one more recipient. Why it is refused, if it is.
    [[nodiscard]] mail::status add_recipient(const mail::mailbox& recipient, std::vector<spool::envelope> envelopes);
    /// The recipient, as long as there is only one.
    [[nodiscard]] const std::string& only_recipient() const noexcept { return only_recipient_; }

    /// `declared_size`: of MAIL; 0: not known.
    [[nodiscard]] content_chain begin_content(const smtp::server_settings& protocol, header_changes changes,
                                              std::uint64_t declared_size);
    /// Makes all of it durable. Behind the end of the content.
    async::awaitable<base::result<spool::receipt>> commit(std::string trace, mail::sender sender, bool eight_bit);

private:
    [[nodiscard]] mail::status refuse_for_number(const mail::mailbox& recipient) const;

    const dependencies& context_;
    const settings& settings_;
    budgets& shared_;
    const owner& client_;
    spool::transaction spooled_;
    delivery_list envelopes_;
    struct payment {
        async::permits::token of_all;
        counts<std::string>::token of_client;
    };
    std::vector<payment> envelopes_paid_;
    std::size_t recipients_ = 0;
    std::string only_recipient_;
};

}  // namespace waypost::inbound
