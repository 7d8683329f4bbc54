// Memory for large arrays that are looked into at random: in pages of 2 MiB where the kernel gives them, because among
// a million rows every look would otherwise miss the TLB as well as the cache.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace waypost::table {

template <class T>
struct huge_page_allocator {
    using value_type = T;
    static constexpr std::size_t page = 2U << 20;

    huge_page_allocator() = default;
    template <class Other>
    explicit huge_page_allocator(const huge_page_allocator<Other>&) noexcept {}

    [[nodiscard]] static bool is_large(std::size_t count) noexcept { return count * sizeof(T) >= page; }
    T* allocate(std::size_t count) {
        if (!is_large(count)) return static_cast<T*>(::operator new(count * sizeof(T)));
        void* const memory = ::operator new(count * sizeof(T), std::align_val_t(page));
        ::madvise(memory, count * sizeof(T), MADV_HUGEPAGE);  // a wish; nothing is wrong without it
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        if (is_large(count)) {
            ::operator delete(memory, std::align_val_t(page));
        } else {
            ::operator delete(memory);
        }
    }
    friend bool operator==(const huge_page_allocator&, const huge_page_allocator&) = default;
};

}  // namespace waypost::table
