// SPDX-License-Identifier: Apache-2.0
// A small HTTP server on a free port of the loopback for probe tests: answers what it is told, hangs, or refuses.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace uprev {

class TestServer {
   public:
    TestServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
        ::listen(fd_, 64);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~TestServer() {
        stopping_ = true;
        thread_.join();
        for (const int held : held_) ::close(held);
        ::close(fd_);
    }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string url() const { return "http://" + address() + "/health"; }
    [[nodiscard]] std::string last_request() {
        const std::lock_guard lock(mutex_);
        return request_;
    }
    void answer(const std::string& status, const std::string& body, const std::string& header = "") {
        const std::lock_guard lock(mutex_);
        answer_ = "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + header + "\r\n" + body;
    }
    std::atomic<bool> hang = false;  // accepts and reads, says nothing

   private:
    void serve() {
        while (!stopping_) {
            pollfd waiting{fd_, POLLIN, 0};
            if (::poll(&waiting, 1, 10) <= 0) continue;
            const int client = ::accept(fd_, nullptr, nullptr);
            char block[4096];
            const auto got = ::recv(client, block, sizeof block, 0);
            const std::lock_guard lock(mutex_);
            if (got > 0) request_.assign(block, static_cast<std::size_t>(got));
            if (hang) {
                held_.push_back(client);
                continue;
            }
            static_cast<void>(::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL));
            ::close(client);
        }
    }
    int fd_;
    int port_ = 0;
    std::mutex mutex_;
    std::string answer_ = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    std::string request_;
    std::vector<int> held_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace uprev
