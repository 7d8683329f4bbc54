#include "header_changes.hpp"

#include <chrono>

#include "waypost/base/encoding.hpp"
#include "waypost/mail/trace.hpp"

namespace waypost::inbound {

mail::missing_fields fields_for(submitter client, const mail::reverse_path& sender, const std::string& message_id,
                                const mail::domain& host, async::wall_time now) {
    // The clock beside the id: neither may be trusted alone never to repeat.
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const std::string stamp = base::hex(static_cast<std::uint64_t>(seconds), 8);
    mail::missing_fields fields;
    if (client == submitter::on_this_machine) {
        const std::string author = sender.is_null() ? "MAILER-DAEMON@" + host.text() : sender.text();
        fields.from_field = "From: <" + author + ">\r\n";
    }
    fields.date = "Date: " + mail::format_date(now) + "\r\n";
    fields.message_id = "Message-ID: <" + message_id + "." + stamp + "@" + host.text() + ">\r\n";
    return fields;
}

std::string_view header_changes::feed(std::string_view piece) {
    if (!pass_.is_over()) {
        output_.clear();
        pass_.feed(piece, output_);
        piece = output_;
    }
    if (!mask_ || mask_->is_over()) return piece;
    masked_.clear();
    mask_->feed(piece, masked_);
    return masked_;
}

std::string_view header_changes::end() {
    output_.clear();
    pass_.end(output_);
    if (!mask_) return output_;
    masked_.clear();
    mask_->feed(output_, masked_);
    mask_->end(masked_);
    return masked_;
}

}  // namespace waypost::inbound
