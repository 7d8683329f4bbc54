#include "waypost/smtp/client_transaction.hpp"

#include <algorithm>

namespace waypost::smtp {

namespace {

// As text() of a mailbox, but from places that keep text: it must not become a second parameter or command.
bool is_one_word(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

pending_transaction::pending_transaction(client_transaction request, bool by_chunk)
    : transaction(std::move(request)),
      chunked(by_chunk),
      statuses(transaction.recipients.size()),
      accepted(transaction.recipients.size(), false) {}

std::string pending_transaction::mail_command(const extensions& offered) const {
    const mail::sender& from = transaction.sender;
    std::string text = "MAIL FROM:<" + from.address.text() + '>';
    if (offered.size && transaction.size > 0) text += " SIZE=" + std::to_string(transaction.size);
    if (transaction.eight_bit && offered.eight_bit_mime) text += " BODY=8BITMIME";
    if (offered.dsn) {
        if (from.ret != mail::dsn_return::unspecified)
            text += from.ret == mail::dsn_return::full ? " RET=FULL" : " RET=HDRS";
        if (!from.envelope_id.empty()) text += " ENVID=" + mail::xtext_encode(from.envelope_id);
    }
    return text;
}

std::string pending_transaction::forward_path(std::size_t index) const {
    if (transaction.users.empty()) return transaction.recipients[index].address.text();
    const auto name = mail::local_part::from_value(transaction.users[index]);
    return name ? name->text() : transaction.recipients[index].address.local.text();
}

std::string pending_transaction::recipient_command(std::size_t index, const extensions& offered) const {
    const mail::recipient& to = transaction.recipients[index];
    std::string text = "RCPT TO:<" + forward_path(index) + '>';
    if (offered.dsn) {
        if (to.notify.specified) text += " NOTIFY=" + mail::to_text(to.notify);
        if (is_one_word(to.original)) text += " ORCPT=" + to.original;
    }
    return text;
}

std::optional<mail::status> pending_transaction::refusal(const extensions& offered, bool lmtp) const {
    if (offered.max_size && transaction.size > *offered.max_size) {
        return mail::status::of(552, "5.3.4", "Message is larger than the next host takes");
    }
    // RFC 6152 section 3. LMTP servers are ours, and store what they are given.
    if (transaction.eight_bit && !offered.eight_bit_mime && !lmtp) {
        return mail::status::of(554, "5.6.3", "The next host takes no 8-bit content");
    }
    return std::nullopt;
}

bool pending_transaction::anyone_accepted() const noexcept {
    return std::ranges::find(accepted, true) != accepted.end();
}

bool pending_transaction::content_is_wanted() const noexcept {
    return transaction.all_or_none ? std::ranges::find(accepted, false) == accepted.end() : anyone_accepted();
}

void pending_transaction::tell_all(const mail::status& word) { std::ranges::fill(statuses, word); }

void pending_transaction::tell_accepted(const mail::status& word) {
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        if (accepted[i]) statuses[i] = word;
    }
}

std::vector<mail::status> pending_transaction::outcome() const {
    if (transaction.all_or_none) {
        const auto refused =
            std::ranges::find_if(statuses, [](const auto& word) { return word && !word->is_success(); });
        if (refused != statuses.end()) return std::vector(statuses.size(), **refused);
    }
    std::vector<mail::status> each;
    each.reserve(statuses.size());
    const auto silence = [] {
        return mail::status::transient("4.5.0", "The next host said nothing of this recipient");
    };
    for (const auto& word : statuses) each.push_back(word ? *word : silence());
    return each;
}

}  // namespace waypost::smtp
