#include "transaction.hpp"

namespace waypost::inbound {

transaction::transaction(const dependencies& context, const settings& settings, budgets& shared, const owner& client)
    : context_(context),
      settings_(settings),
      shared_(shared),
      client_(client),
      spooled_(context.store),
      envelopes_(settings.max_envelopes) {
    spooled_.text().draw_on(shared_.content);
}

mail::status transaction::add_recipient(const mail::mailbox& recipient, std::vector<spool::envelope> envelopes) {
    const std::size_t before = envelopes_.size();
    if (!envelopes_.add(std::move(envelopes))) return refuse_for_number(recipient);
    if (const std::size_t added = envelopes_.size() - before; added != 0) {
        auto paid = shared_.envelopes.try_take(added);
        auto of_client = shared_.envelopes_of_client.try_take(client_.budget_key, added);
        if (!paid || !of_client) {
            envelopes_.forget_from(before);
            return mail::status::of(452, "4.3.1",
                                    paid ? "Too many recipients in your sessions at this time"
                                         : "Too many recipients in all sessions at this time");
        }
        envelopes_paid_.push_back({std::move(paid), *std::move(of_client)});
    }
    only_recipient_ = ++recipients_ == 1 ? recipient.text() : std::string();
    return {};
}

/// With fewer recipients before it the next try may succeed, but not if there was none.
mail::status transaction::refuse_for_number(const mail::mailbox& recipient) const {
    if (envelopes_.size() != 0) return mail::status::of(452, "4.5.3", "Too many recipients");
    const std::string limit = std::to_string(settings_.max_envelopes);
    context_.log.warn(
        "smtp", "list-too-long",
        {{"session", client_.session_id}, {"rcpt", recipient.text()}, {"max-envelopes", settings_.max_envelopes}});
    return mail::status::of(550, "5.3.4", "This address stands for more than " + limit + " recipients (max-envelopes)");
}

content_chain transaction::begin_content(const smtp::server_settings& protocol, header_changes changes,
                                         std::uint64_t declared_size) {
    if (declared_size != 0) spooled_.text().reserve(declared_size);
    return {settings_, protocol, std::move(changes), spooled_.text()};
}

async::awaitable<base::result<spool::receipt>> transaction::commit(std::string trace, mail::sender sender,
                                                                   bool eight_bit) {
    spooled_.text().set_trace(std::move(trace));
    for (spool::envelope& each : envelopes_.take()) spooled_.add(std::move(each));
    co_return co_await spooled_.commit(std::move(sender), context_.clock.wall(), eight_bit);
}

}  // namespace waypost::inbound
