#include "waypost/base/secret.hpp"

#include <cstring>

namespace waypost::base {

secret::secret(std::string text) : text_(std::move(text)) {
    wipe(text);  // a short text was copied, not taken  NOLINT(bugprone-use-after-move)
}

secret::secret(secret&& source) noexcept : text_(std::move(source.text_)) { wipe(source.text_); }

secret& secret::operator=(const secret& source) {
    if (this == &source) return *this;
    wipe(text_);  // first, because assigning may give the old buffer back as it is
    text_ = source.text_;
    return *this;
}

secret& secret::operator=(secret&& source) noexcept {
    if (this == &source) return *this;
    wipe(text_);
    text_ = std::move(source.text_);
    wipe(source.text_);
    return *this;
}

secret::~secret() { wipe(text_); }

void secret::wipe(std::string& text) noexcept {
    text.resize(text.capacity());  // bytes behind the end may be of an older, longer text; no allocation
    ::explicit_bzero(text.data(), text.size());  // a call that no optimizer takes away
    text.clear();
}

}  // namespace waypost::base
