// SPDX-License-Identifier: Apache-2.0
#include "adapters/probe/tcp_connect.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace uprev {
namespace {

struct Socket {
    int fd;
    explicit Socket(int descriptor) : fd(descriptor) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd >= 0) ::close(fd);
    }
};

std::string reason(int error) { return std::generic_category().message(error); }

Error refusal(const std::string& address, int error) {
    return fail(Code::unavailable, "cannot connect to '" + address + "': " + reason(error));
}

Result<> connect_one(const addrinfo& to, const std::string& address, std::chrono::milliseconds limit) {
    const Socket socket(::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.fd < 0) return refusal(address, errno);
    if (::connect(socket.fd, to.ai_addr, to.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS) return refusal(address, errno);
    pollfd wait{socket.fd, POLLOUT, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(limit.count()));
    if (ready == 0)
        return fail(Code::timeout,
                    "cannot connect to '" + address + "': no answer within " + std::to_string(limit.count()) + " ms");
    int error = 0;
    socklen_t size = sizeof error;
    if (ready < 0 || ::getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return refusal(address, error);
    return {};
}

}  // namespace

Result<> tcp_connect(const std::string& address, std::chrono::milliseconds limit) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == address.size())
        return fail(Code::invalid, "'" + address + "' is not host:port");
    auto host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found); error != 0)
        return fail(Code::unavailable, "cannot resolve '" + address + "': " + ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    Result<> last = fail(Code::unavailable, "'" + address + "' has no address");
    for (auto* one = found; one != nullptr; one = one->ai_next) {
        last = connect_one(*one, address, limit);
        if (last) return last;
    }
    return last;
}

}  // namespace uprev
