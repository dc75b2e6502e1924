// SPDX-License-Identifier: Apache-2.0
// The shim's C library: the program's entry, the system calls that it makes, a few functions on memory, and an allocator that
// never gives back. The names and meanings are those of libc, so the sources beside it also build against libc.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main();

namespace {
int last_error = 0;

#if defined(__x86_64__)
long kernel(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    long out;
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    asm volatile("syscall"
                 : "=a"(out)
                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return out;
}
#elif defined(__aarch64__)
long kernel(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    register long x3 asm("x3") = d;
    register long x4 asm("x4") = e;
    register long x5 asm("x5") = f;
    asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#else
#error "the shim knows x86_64 and aarch64; add this machine's system call here"
#endif

long checked(long result) {
    if (result >= 0 || result < -4095) return result;
    last_error = static_cast<int>(-result);
    return -1;
}
int call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    return static_cast<int>(checked(kernel(number, a, b, c, d, e, f)));
}
long pointer(const void* at) { return reinterpret_cast<long>(at); }
constexpr long kernel_sigset = 8;  // bytes
}  // namespace

extern "C" {

int* __errno_location() noexcept { return &last_error; }

// The kernel enters with the stack aligned and argc on top of it; the shim has no use for its arguments.
[[noreturn]] void shim_begin() { _exit(main()); }
#if defined(__x86_64__)
asm(".globl _start\n_start:\n xor %ebp, %ebp\n and $-16, %rsp\n call shim_begin\n");
// The child runs on our stack and would overwrite the return address: it waits in a register meanwhile.
asm(".globl vfork\nvfork:\n pop %rdx\n mov $58, %eax\n syscall\n push %rdx\n mov %eax, %edi\n jmp shim_forked\n");
#else
asm(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n bl shim_begin\n");
// clone(CLONE_VM | CLONE_VFORK | SIGCHLD)
asm(".globl vfork\nvfork:\n mov x0, #0x4111\n mov x1, #0\n mov x2, #0\n mov x3, #0\n mov x4, #0\n mov x8, #220\n svc 0\n b "
    "shim_forked\n");
#endif

// vfork ends here, in both processes.
pid_t shim_forked(long result) { return static_cast<pid_t>(checked(static_cast<int>(result))); }

// memory
void* memcpy(void* to, const void* from, size_t size) noexcept {
    auto* out = static_cast<char*>(to);
    const auto* in = static_cast<const char*>(from);
    while (size-- > 0) *out++ = *in++;
    return to;
}
void* memmove(void* to, const void* from, size_t size) noexcept {
    auto* out = static_cast<char*>(to);
    const auto* in = static_cast<const char*>(from);
    if (out <= in) return memcpy(to, from, size);
    while (size-- > 0) out[size] = in[size];
    return to;
}
void* memset(void* to, int byte, size_t size) noexcept {
    auto* out = static_cast<char*>(to);
    while (size-- > 0) *out++ = static_cast<char>(byte);
    return to;
}
int memcmp(const void* a, const void* b, size_t size) noexcept {
    const auto* x = static_cast<const unsigned char*>(a);
    const auto* y = static_cast<const unsigned char*>(b);
    for (; size > 0; --size, ++x, ++y)
        if (*x != *y) return *x - *y;
    return 0;
}
size_t strlen(const char* text) noexcept {
    size_t size = 0;
    while (text[size] != '\0') ++size;
    return size;
}

// The shim asks for memory a few times in its life; each piece is a mapping of its own, with its size in front.
void* malloc(size_t size) noexcept {
    const size_t whole = size + 16;
    const long at = kernel(SYS_mmap, 0, static_cast<long>(whole), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0 && at >= -4095) return nullptr;
    *reinterpret_cast<size_t*>(at) = whole;
    return reinterpret_cast<char*>(at) + 16;
}
void free(void* at) noexcept {
    if (at == nullptr) return;
    char* begin = static_cast<char*>(at) - 16;
    kernel(SYS_munmap, pointer(begin), static_cast<long>(*reinterpret_cast<size_t*>(begin)));
}
void* calloc(size_t count, size_t size) noexcept {
    size_t whole = 0;
    return __builtin_mul_overflow(count, size, &whole) ? nullptr : malloc(whole);
}
void* realloc(void* at, size_t size) noexcept {
    void* moved = malloc(size);
    if (moved == nullptr || at == nullptr) return moved;
    const size_t old = *reinterpret_cast<size_t*>(static_cast<char*>(at) - 16) - 16;
    memcpy(moved, at, old < size ? old : size);
    free(at);
    return moved;
}
void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
    return reinterpret_cast<void*>(
        checked(kernel(SYS_mmap, pointer(at), static_cast<long>(size), protection, flags, fd, offset)));
}

// signals
int sigemptyset(sigset_t* set) noexcept { return memset(set, 0, sizeof *set), 0; }
int sigfillset(sigset_t* set) noexcept { return memset(set, 0xff, sizeof *set), 0; }
int sigaddset(sigset_t* set, int number) noexcept {
    reinterpret_cast<uint64_t*>(set)[0] |= uint64_t{1} << (number - 1);
    return 0;
}
int sigprocmask(int how, const sigset_t* set, sigset_t* old) noexcept {
    return call(SYS_rt_sigprocmask, how, pointer(set), pointer(old), kernel_sigset);
}
int signalfd(int fd, const sigset_t* set, int flags) noexcept {
    return call(SYS_signalfd4, fd, pointer(set), kernel_sigset, flags);
}
int kill(pid_t pid, int number) noexcept { return call(SYS_kill, pid, number); }

// processes
[[noreturn]] void _exit(int code) {
    for (;;) kernel(SYS_exit_group, code);
}
pid_t getpid() noexcept { return call(SYS_getpid); }
pid_t getppid() noexcept { return call(SYS_getppid); }
pid_t setsid() noexcept { return call(SYS_setsid); }
int setpgid(pid_t pid, pid_t group) noexcept { return call(SYS_setpgid, pid, group); }
pid_t waitpid(pid_t pid, int* status, int options) { return call(SYS_wait4, pid, pointer(status), options, 0); }
int execve(const char* program, char* const* argv, char* const* env) noexcept {
    return call(SYS_execve, pointer(program), pointer(argv), pointer(env));
}
int prctl(int option, ...) noexcept {
    va_list rest;
    va_start(rest, option);
    const long argument = va_arg(rest, long);
    va_end(rest);
    return call(SYS_prctl, option, argument);
}
long syscall(long number, ...) noexcept {
    va_list rest;
    va_start(rest, number);
    const long a = va_arg(rest, long);
    const long b = va_arg(rest, long);
    const long c = va_arg(rest, long);
    const long d = va_arg(rest, long);
    va_end(rest);
    return checked(kernel(number, a, b, c, d));
}
int clock_gettime(clockid_t clock, timespec* now) noexcept { return call(SYS_clock_gettime, clock, pointer(now)); }

// files
int openat(int folder, const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
    va_end(rest);
    return call(SYS_openat, folder, pointer(path), flags, mode);
}
int open(const char* path, int flags, ...) { return call(SYS_openat, AT_FDCWD, pointer(path), flags, 0600); }
int close(int fd) { return call(SYS_close, fd); }
ssize_t read(int fd, void* to, size_t size) { return checked(kernel(SYS_read, fd, pointer(to), static_cast<long>(size))); }
ssize_t write(int fd, const void* from, size_t size) {
    return checked(kernel(SYS_write, fd, pointer(from), static_cast<long>(size)));
}
int fstat(int fd, struct stat* about) noexcept { return call(SYS_fstat, fd, pointer(about)); }
int fsync(int fd) { return call(SYS_fsync, fd); }
int ftruncate(int fd, off_t size) noexcept { return call(SYS_ftruncate, fd, size); }
int fallocate(int fd, int mode, off_t from, off_t size) { return call(SYS_fallocate, fd, mode, from, size); }
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
    return call(SYS_renameat2, from_folder, pointer(from), to_folder, pointer(to), 0);
}
int unlinkat(int folder, const char* name, int flags) noexcept { return call(SYS_unlinkat, folder, pointer(name), flags); }
int dup2(int from, int to) noexcept { return from == to ? to : call(SYS_dup3, from, to, 0); }
int pipe2(int* ends, int flags) noexcept { return call(SYS_pipe2, pointer(ends), flags); }
int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    const long argument = va_arg(rest, long);
    va_end(rest);
    return call(SYS_fcntl, fd, command, argument);
}
int chdir(const char* path) noexcept { return call(SYS_chdir, pointer(path)); }
mode_t umask(mode_t mask) noexcept { return static_cast<mode_t>(call(SYS_umask, mask)); }
int poll(pollfd* watched, nfds_t count, int timeout_ms) {
    timespec limit{timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
    return call(SYS_ppoll, pointer(watched), static_cast<long>(count), pointer(timeout_ms < 0 ? nullptr : &limit), 0,
                kernel_sigset);
}

}  // extern "C"

// libc declares these twice, for C++ with and without const.
extern "C" char* shim_strchrnul(const char* text, int c) asm("strchrnul");
extern "C" char* shim_strchr(const char* text, int c) asm("strchr");
extern "C" char* shim_strrchr(const char* text, int c) asm("strrchr");

char* shim_strchrnul(const char* text, int c) {
    while (*text != '\0' && *text != static_cast<char>(c)) ++text;
    return const_cast<char*>(text);
}
char* shim_strchr(const char* text, int c) {
    char* at = shim_strchrnul(text, c);
    return *at == static_cast<char>(c) ? at : nullptr;
}
char* shim_strrchr(const char* text, int c) {
    char* last = nullptr;
    for (;; ++text) {
        if (*text == static_cast<char>(c)) last = const_cast<char*>(text);
        if (*text == '\0') return last;
    }
}
