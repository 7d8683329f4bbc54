#include "formats.hpp"

#include "grammar.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/mail/mailbox.hpp"

namespace waypost::config {
namespace {

std::string printed(const located_string& text, bool has_quotes) {
    return has_quotes ? in_quotes(text.text) : plain(text.text);
}

}  // namespace

count::value count::read(cursor& cursor) const { return cursor.take_number(subject, least, most); }
std::string count::print(value number) const { return std::to_string(number); }
std::string count::syntax() const { return std::to_string(least) + ".." + std::to_string(most); }

octets::value octets::read(cursor& cursor) const { return cursor.take_size("a size"); }
std::string octets::print(value number) const { return size(number); }
std::string octets::syntax() const { return "SIZE"; }

time_span::value time_span::read(cursor& cursor) const { return cursor.take_delay("a time"); }
std::string time_span::print(value time) const { return delay(time); }
std::string time_span::syntax() const { return "TIME"; }

pause::value pause::read(cursor& cursor) const {
    constexpr std::uint64_t longest = 86400;
    if (!base::parse_number(cursor.peek().text)) return cursor.take_delay("a time");
    return std::chrono::seconds(cursor.take_number("a number of seconds", 0, longest));
}
std::string pause::print(value time) const {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}
std::string pause::syntax() const { return "SECONDS|TIME"; }

percentage::value percentage::read(cursor& cursor) const {
    const token& given = cursor.peek();
    const located_string text = cursor.take_string("a percentage");
    std::string_view digits = text.text;
    const bool is_percentage = digits.ends_with('%');
    if (is_percentage) digits.remove_suffix(1);
    const auto number = base::parse_number(digits);
    if (!is_percentage || !number || *number > most) {
        cursor.fail(given, cursor.show(given) + " is no percentage",
                    "write one from 0% to " + std::to_string(most) + "%, as in 10%");
    }
    return static_cast<unsigned>(*number);
}
std::string percentage::print(value number) const { return std::to_string(number) + "%"; }
std::string percentage::syntax() const { return "0%.." + std::to_string(most) + "%"; }

string_value::value string_value::read(cursor& cursor) const { return cursor.take_string(subject); }
std::string string_value::print(const value& text) const { return printed(text, has_quotes); }
std::string string_value::syntax() const { return std::string(subject); }

domain_name::value domain_name::read(cursor& cursor) const {
    const token& given = cursor.peek();
    located_string name = cursor.take_string(subject);
    if (!mail::domain::parse(name.text)) {
        cursor.fail(given, cursor.show(given) + " is not " + std::string(subject), "write it like mail.example.org");
    }
    return name;
}
std::string domain_name::print(const value& text) const { return printed(text, has_quotes); }
std::string domain_name::syntax() const { return std::string(subject); }

sender_address::value sender_address::read(cursor& cursor) const {
    const token& given = cursor.peek();
    located_string address = cursor.take_string("an address");
    const std::string_view text = address.text;
    const bool is_valid = text.starts_with('@')                      ? mail::domain::parse(text.substr(1)).has_value()
                          : text.find('@') != std::string_view::npos ? mail::mailbox::parse(text).has_value()
                                                                     : mail::local_part::parse(text).has_value();
    if (!is_valid) {
        cursor.fail(given, cursor.show(given) + " is no address for \"" + std::string(option) + "\"",
                    "write user@domain, @domain or user");
    }
    return address;
}
std::string sender_address::print(const value& text) const { return in_quotes(text.text); }
std::string sender_address::syntax() const { return "user@domain, @domain or user"; }

table_or_rows::value table_or_rows::read(cursor& cursor) const { return take_table_use(cursor, subject); }
std::string table_or_rows::print(const value& table) const { return use(table, style); }
std::string table_or_rows::syntax() const { return std::string(subject); }

}  // namespace waypost::config
