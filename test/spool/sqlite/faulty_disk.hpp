// A disk under SQLite that can fail, and whose power can be cut: a VFS over the usual one, the default one for as long
// as it lives.
//
// It counts the calls that change something. From `fail_at` on (or at that one call alone) they fail as a full or a
// dying disk would. And it remembers what each file held when it was last synced: after_power_cut() writes that into
// another directory, where what was not synced is gone, or is there in part.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace waypost::spool::test {

class faulty_disk {
public:
    faulty_disk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
        vfs_.zName = "waypost-faulty-disk";
        vfs_.szOsFile = static_cast<int>(sizeof(file)) + real_->szOsFile;
        vfs_.pAppData = this;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
        vfs_.xAccess = [](sqlite3_vfs* v, const char* name, int flags, int* out) {
            return disk(v).real_->xAccess(disk(v).real_, name, flags, out);
        };
        vfs_.xFullPathname = [](sqlite3_vfs* v, const char* name, int size, char* out) {
            return disk(v).real_->xFullPathname(disk(v).real_, name, size, out);
        };
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~faulty_disk() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real_, 1);
    }
    faulty_disk(const faulty_disk&) = delete;
    faulty_disk& operator=(const faulty_disk&) = delete;

    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
    enum class trouble { full, dying };

    /// The n-th change from now on fails, and so do `how_many` in all.
    void fail(std::size_t n, std::size_t how_many, trouble trouble) {
        const std::lock_guard held(mutex_);
        changes_ = 0;
        fail_at_ = n;
        fail_until_ = how_many == never ? never : n + how_many;
        trouble_ = trouble;
    }
    void heal() { fail(never, never, trouble::full); }
    [[nodiscard]] std::size_t changes() {
        const std::lock_guard held(mutex_);
        return changes_;
    }

    [[nodiscard]] std::size_t syncs() {
        const std::lock_guard held(mutex_);
        return syncs_;
    }

    /// What `from` would hold after a power cut now. Of what was not synced each page stays or goes as the dice say.
    void after_power_cut(const std::string& source_path, const std::string& target, std::mt19937& roll) {
        namespace fs = std::filesystem;
        fs::create_directories(target + "/body");
        for (const fs::directory_entry& each : fs::directory_iterator(source_path + "/body")) {
            // One that is renamed or removed meanwhile is of no message that was answered and not ended.
            std::error_code gone;
            fs::copy_file(each.path(), fs::path(target + "/body") / each.path().filename(), gone);
        }
        const std::lock_guard held(mutex_);
        for (const char* name : {"/queue.db", "/queue.db-wal"}) {
            const auto synced = synced_.find(source_path + name);
            if (synced == synced_.end()) continue;
            std::ofstream(target + name, std::ios::binary) << torn(synced->second, contents(source_path + name), roll);
        }
    }

private:
    struct file {
        sqlite3_io_methods const* methods;
        sqlite3_file* real;
        faulty_disk* on;
        std::string* path;
    };

    static faulty_disk& disk(sqlite3_vfs* vfs) { return *static_cast<faulty_disk*>(vfs->pAppData); }
    static file& of(sqlite3_file* any) { return *reinterpret_cast<file*>(any); }

    static std::string contents(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    static std::string torn(const std::string& synced, const std::string& now, std::mt19937& roll) {
        constexpr std::size_t page = 512;
        if (std::bernoulli_distribution(0.3)(roll)) return synced;
        std::string left = synced;
        if (now.size() > left.size()) left.resize(now.size());
        for (std::size_t at = 0; at < now.size(); at += page) {
            if (std::bernoulli_distribution(0.5)(roll)) continue;
            const std::size_t length = std::min(page, now.size() - at);
            left.replace(at, length, now, at, length);
        }
        return left;
    }

    int change() {
        const std::lock_guard held(mutex_);
        const std::size_t this_one = changes_++;
        if (this_one < fail_at_ || this_one >= fail_until_) return SQLITE_OK;
        return trouble_ == trouble::full ? SQLITE_FULL : SQLITE_IOERR;
    }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* into, int flags, int* out) {
        static const sqlite3_io_methods methods = make_methods();
        file& mine = of(into);
        mine = {nullptr, reinterpret_cast<sqlite3_file*>(&mine + 1), &disk(vfs), nullptr};
        const int said = disk(vfs).real_->xOpen(disk(vfs).real_, name, mine.real, flags, out);
        if (said != SQLITE_OK) return said;
        mine.path = new std::string(name == nullptr ? "" : name);
        mine.methods = &methods;
        const std::lock_guard held(mine.on->mutex_);
        // What lies there when it is opened is taken to be synced.
        if (!mine.path->empty()) mine.on->synced_.try_emplace(*mine.path, contents(*mine.path));
        return SQLITE_OK;
    }

    static int remove(sqlite3_vfs* vfs, const char* name, int sync) {
        const int said = disk(vfs).real_->xDelete(disk(vfs).real_, name, sync);
        const std::lock_guard held(disk(vfs).mutex_);
        disk(vfs).synced_.erase(name);
        return said;
    }

    static int sync(sqlite3_file* any, int flags) {
        if (const int failed = of(any).on->change()) return failed == SQLITE_IOERR ? SQLITE_IOERR_FSYNC : failed;
        const int said = of(any).real->pMethods->xSync(of(any).real, flags);
        const std::lock_guard held(of(any).on->mutex_);
        ++of(any).on->syncs_;
        of(any).on->synced_[*of(any).path] = contents(*of(any).path);
        return said;
    }

    static sqlite3_io_methods make_methods() {
        sqlite3_io_methods made{};
        made.iVersion = 2;  // without memory-mapped reads
        made.xClose = [](sqlite3_file* f) {
            const int said = of(f).real->pMethods->xClose(of(f).real);
            delete of(f).path;
            return said;
        };
        made.xRead = [](sqlite3_file* f, void* into, int n, sqlite3_int64 at) {
            return of(f).real->pMethods->xRead(of(f).real, into, n, at);
        };
        made.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
            if (const int failed = of(f).on->change()) return failed == SQLITE_IOERR ? SQLITE_IOERR_WRITE : failed;
            return of(f).real->pMethods->xWrite(of(f).real, from, n, at);
        };
        made.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
            return of(f).real->pMethods->xTruncate(of(f).real, size);
        };
        made.xSync = sync;
        made.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
            return of(f).real->pMethods->xFileSize(of(f).real, size);
        };
        made.xLock = [](sqlite3_file* f, int kind) { return of(f).real->pMethods->xLock(of(f).real, kind); };
        made.xUnlock = [](sqlite3_file* f, int kind) { return of(f).real->pMethods->xUnlock(of(f).real, kind); };
        made.xCheckReservedLock = [](sqlite3_file* f, int* out) {
            return of(f).real->pMethods->xCheckReservedLock(of(f).real, out);
        };
        made.xFileControl = [](sqlite3_file* f, int what, void* with) {
            return of(f).real->pMethods->xFileControl(of(f).real, what, with);
        };
        made.xSectorSize = [](sqlite3_file* f) { return of(f).real->pMethods->xSectorSize(of(f).real); };
        made.xDeviceCharacteristics = [](sqlite3_file* f) {
            return of(f).real->pMethods->xDeviceCharacteristics(of(f).real);
        };
        made.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
            return of(f).real->pMethods->xShmMap(of(f).real, page, size, extend, out);
        };
        made.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
            return of(f).real->pMethods->xShmLock(of(f).real, offset, n, flags);
        };
        made.xShmBarrier = [](sqlite3_file* f) { of(f).real->pMethods->xShmBarrier(of(f).real); };
        made.xShmUnmap = [](sqlite3_file* f, int gone) { return of(f).real->pMethods->xShmUnmap(of(f).real, gone); };
        return made;
    }

    sqlite3_vfs* real_;
    sqlite3_vfs vfs_;
    std::mutex mutex_;
    std::size_t changes_ = 0;
    std::size_t syncs_ = 0;
    std::size_t fail_at_ = never;
    std::size_t fail_until_ = never;
    trouble trouble_ = trouble::full;
    std::map<std::string, std::string> synced_;
};

}  // namespace waypost::spool::test
