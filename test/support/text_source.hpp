// A content made of texts: in memory, or as if it were in a file that is read piece by piece and may be shorter than it
// claims to be.
#pragma once

#include <algorithm>
#include <boost/system/errc.hpp>
#include <string>

#include "waypost/net/byte_source.hpp"

namespace waypost::test {

class text_source final : public net::byte_source {
public:
    text_source(std::string head, std::string tail) : head_(std::move(head)), tail_(std::move(tail)) {}

    /// To be read in pieces; `claimed_size` octets behind the head, whatever there is.
    static std::shared_ptr<const text_source> in_pieces(std::string head, std::string tail,
                                                        std::uint64_t claimed_size) {
        auto made = std::make_shared<text_source>(std::move(head), std::move(tail));
        made->claimed_size_ = claimed_size;
        return made;
    }

    [[nodiscard]] std::uint64_t size() const noexcept override {
        return head_.size() + claimed_size_.value_or(tail_.size());
    }
    [[nodiscard]] std::optional<parts> in_memory() const noexcept override {
        return claimed_size_ ? std::nullopt : std::optional(parts{head_, tail_});
    }
    async::awaitable<base::result<std::string_view>> read(std::uint64_t offset,
                                                          std::vector<char>& scratch) const override {
        constexpr std::size_t piece = 65'536;
        const std::string whole = head_ + tail_;
        if (offset >= size()) co_return std::string_view();
        if (offset >= whole.size()) co_return make_error_code(boost::system::errc::io_error);
        const std::string_view rest = std::string_view(whole).substr(static_cast<std::size_t>(offset), piece);
        scratch.assign(rest.begin(), rest.end());
        co_return std::string_view(scratch.data(), scratch.size());
    }

private:
    std::string head_;
    std::string tail_;
    std::optional<std::uint64_t> claimed_size_;
};

}  // namespace waypost::test
