// SPDX-License-Identifier: Apache-2.0
#include "os/process_tree.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/decimal.hpp"

namespace uprev::os {

namespace {
// Calls `visit` with each process id of /proc, without opendir, which allocates.
template <typename Visit>
void each_process(Visit visit) {
    struct Entry {
        std::uint64_t inode;
        std::int64_t offset;
        unsigned short size;
        unsigned char type;
        char name[1];
    };
    const int folder = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    alignas(8) char block[16384];
    for (long got = 0; (got = ::syscall(SYS_getdents64, folder, block, sizeof block)) > 0;) {
        for (long at = 0; at < got;) {
            const auto* entry = reinterpret_cast<const Entry*>(block + at);
            const char* name = block + at + offsetof(Entry, name);
            if (*name >= '1' && *name <= '9') visit(static_cast<int>(take_number(name)));
            at += entry->size;
        }
    }
    ::close(folder);
}

struct Seen {
    ProcessStat* rows = nullptr;
    std::size_t count = 0;
    std::size_t room = 0;
    bool add(const ProcessStat& row) {
        if (count == room) {
            const std::size_t larger = room == 0 ? 512 : room * 2;
            auto* moved = static_cast<ProcessStat*>(::realloc(rows, larger * sizeof(ProcessStat)));
            if (moved == nullptr) return false;
            rows = moved;
            room = larger;
        }
        rows[count++] = row;
        return true;
    }
};

Seen all_processes() {
    Seen seen;
    each_process([&](int pid) {
        ProcessStat stat;
        if (read_stat(pid, stat)) seen.add(stat);
    });
    return seen;
}

bool running(const ProcessStat& stat) { return stat.state != 'Z' && stat.state != 'X'; }

// Keeps of `seen` what descends from `ancestor`.
void keep_descendants(Seen& seen, int ancestor) {
    std::size_t kept = 0;
    for (bool grown = true; grown;) {
        grown = false;
        for (std::size_t i = kept; i < seen.count; ++i) {
            bool below = seen.rows[i].parent == ancestor;
            for (std::size_t j = 0; !below && j < kept; ++j) below = seen.rows[j].pid == seen.rows[i].parent;
            if (!below) continue;
            const ProcessStat found = seen.rows[i];
            seen.rows[i] = seen.rows[kept];
            seen.rows[kept++] = found;
            grown = true;
        }
    }
    seen.count = kept;
}

Seen descendants_of(int ancestor) {
    Seen seen = all_processes();
    keep_descendants(seen, ancestor);
    return seen;
}

// Stops the whole tree. What was started while we looked is seen by the next look; once all stand still, nothing can be.
void stop_descendants(int ancestor) {
    for (int attempt = 0; attempt < 50; ++attempt) {
        Seen seen = descendants_of(ancestor);
        bool all = true;
        for (std::size_t i = 0; i < seen.count; ++i) {
            const bool stands = seen.rows[i].state == 'T' || seen.rows[i].state == 'D' || !running(seen.rows[i]);
            if (!stands) ::kill(seen.rows[i].pid, SIGSTOP);
            all = all && stands;
        }
        ::free(seen.rows);
        if (all) return;
    }
}
}  // namespace

bool read_stat(int pid, ProcessStat& stat) {
    char path[32];
    TextLine line(path, sizeof path);
    if (pid == 0)
        line.text("/proc/self/stat");
    else
        line.text("/proc/").number(pid).text("/stat");
    const int fd = ::open(line.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    char text[1024];
    const ssize_t size = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    if (size <= 0) return false;
    text[size] = '\0';
    const char* at = text;
    stat.pid = static_cast<int>(take_number(at));
    // The command's name stands in parentheses and may itself hold spaces and parentheses: go on after the last one.
    at = ::strrchr(text, ')');
    if (at == nullptr || at[1] == '\0' || at[2] == '\0' || at[3] == '\0') return false;
    stat.state = at[2];
    at += 4;
    constexpr int parent_field = 4;
    constexpr int session_field = 6;
    constexpr int start_field = 22;
    for (int field = parent_field; field <= start_field; ++field) {
        const std::uint64_t value = take_number(at);
        if (field == parent_field) stat.parent = static_cast<int>(value);
        if (field == session_field) stat.session = static_cast<int>(value);
        if (field == start_field) stat.start = value;
    }
    return true;
}

std::size_t signal_descendants(int ancestor, int signal) {
    if (signal != SIGKILL) stop_descendants(ancestor);
    Seen seen = descendants_of(ancestor);
    std::size_t reached = 0;
    for (std::size_t i = 0; i < seen.count; ++i) {
        if (!running(seen.rows[i])) continue;
        ::kill(seen.rows[i].pid, signal);
        ++reached;
    }
    for (std::size_t i = 0; signal != SIGKILL && i < seen.count; ++i) ::kill(seen.rows[i].pid, SIGCONT);
    ::free(seen.rows);
    return reached;
}

std::size_t signal_session(int session, std::uint64_t not_before, int signal) {
    Seen seen = all_processes();
    std::size_t reached = 0;
    bool foreign = false;
    // A living process with the leader's number is another session that got the number again: leave it alone.
    for (std::size_t i = 0; i < seen.count; ++i) foreign = foreign || (seen.rows[i].pid == session && running(seen.rows[i]));
    for (std::size_t i = 0; !foreign && i < seen.count; ++i) {
        const ProcessStat& row = seen.rows[i];
        if (row.session != session || row.start < not_before || !running(row)) continue;
        ::kill(row.pid, signal);
        ++reached;
    }
    ::free(seen.rows);
    return reached;
}

}  // namespace uprev::os
