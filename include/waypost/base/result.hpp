// How a refusal of the world travels: a value or an error code. Each room that can be refused owns an `errc` of its
// own; codes of the system and of Asio are let in as they are.
#pragma once

#include <boost/system/result.hpp>

namespace waypost::base {

template <class T = void>
using result = boost::system::result<T>;
using error_code = boost::system::error_code;

/// A category with nothing but a name and a text for each value; the room's errc derives its messages from it.
template <class Errc>
class simple_category final : public boost::system::error_category {
public:
    using text_of = const char* (*)(Errc) noexcept;
    constexpr simple_category(const char* name, text_of text) noexcept : name_(name), text_(text) {}
    const char* name() const noexcept override { return name_; }
    std::string message(int value) const override { return text_(static_cast<Errc>(value)); }

private:
    const char* name_;
    text_of text_;
};

}  // namespace waypost::base
