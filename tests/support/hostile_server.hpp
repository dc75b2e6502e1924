// SPDX-License-Identifier: Apache-2.0
// An HTTP or HTTPS server for tests that may answer anything whatsoever: the handler writes raw bytes. One thread per connection, one
// request per connection. Stops and joins all of its threads when it goes out of scope.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "certificates.hpp"

namespace uprev::test {

struct SeenRequest {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    [[nodiscard]] std::string header(const std::string& name) const {
        const auto it = headers.find(name);
        return it == headers.end() ? std::string{} : it->second;
    }
};

// The server's end of one connection.
class Peer {
   public:
    Peer(int fd, SSL* tls, const std::atomic<bool>& stop) : fd_(fd), tls_(tls), stop_(stop) {}

    // False once the client has gone or the server stops.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            if (stop_) return false;
            const auto piece = static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 16U));
            const auto put = tls_ != nullptr ? SSL_write(tls_, bytes.data(), piece)
                                             : ::send(fd_, bytes.data(), static_cast<std::size_t>(piece), MSG_NOSIGNAL);
            if (put <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
        return true;
    }
    bool answer(int status, const std::string& body, const std::string& more_headers = {}) const {
        return send("HTTP/1.1 " + std::to_string(status) + " X\r\n" + more_headers +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    bool redirect(const std::string& to, int status = 302) const { return answer(status, "", "Location: " + to + "\r\n"); }
    // Until the time is over or the server stops.
    void idle(std::chrono::milliseconds time) const {
        for (auto left = time; left.count() > 0 && !stop_; left -= std::chrono::milliseconds(10))
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::string receive() const {
        std::string piece(1U << 14U, '\0');
        pollfd waiting{fd_, POLLIN, 0};
        while (!stop_ && (tls_ == nullptr || SSL_pending(tls_) == 0) && poll(&waiting, 1, 20) == 0) {
        }
        if (stop_) return {};
        const auto got = tls_ != nullptr ? SSL_read(tls_, piece.data(), static_cast<int>(piece.size()))
                                         : recv(fd_, piece.data(), piece.size(), 0);
        piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return piece;
    }

   private:
    int fd_;
    SSL* tls_;
    const std::atomic<bool>& stop_;
};

class HostileServer {
   public:
    using Handler = std::function<void(const SeenRequest&, const Peer&)>;

    // `certificate`: speaks TLS with it. REQUIRES: it outlives the server.
    explicit HostileServer(Handler handler, const std::string& address = "127.0.0.1", const Certificate* certificate = nullptr,
                           int port = 0)
        : handler_(std::move(handler)), address_(address) {
        std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
        listen_on(port);
        if (certificate != nullptr) tls_ = certificate->server_context();
        acceptor_ = std::thread([this] { accept_all(); });
    }
    HostileServer(const HostileServer&) = delete;
    HostileServer& operator=(const HostileServer&) = delete;
    ~HostileServer() {
        stop_ = true;
        shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (auto& thread : connections_) thread.join();
        close(listener_);
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& path, const std::string& host = {}) const {
        return std::string(tls_ ? "https://" : "http://") + (host.empty() ? address_ : host) + ":" + std::to_string(port_) + path;
    }
    [[nodiscard]] std::vector<SeenRequest> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

   private:
    void listen_on(int port) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(static_cast<std::uint16_t>(port));
        inet_pton(AF_INET, address_.c_str(), &at.sin_addr);
        socklen_t size = sizeof at;
        if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener_, 64) != 0)
            throw std::runtime_error("cannot listen on " + address_);
        getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
    }

    void accept_all() {
        while (!stop_) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd >= 0) connections_.emplace_back([this, fd] { serve(fd); });
        }
    }

    void serve(int fd) {
        std::unique_ptr<SSL, decltype(&SSL_free)> tls(tls_ ? SSL_new(tls_.get()) : nullptr, &SSL_free);
        if (tls) SSL_set_fd(tls.get(), fd);
        if (!tls || SSL_accept(tls.get()) == 1) {
            const Peer peer(fd, tls.get(), stop_);
            SeenRequest request;
            if (read_request(peer, request)) handler_(request, peer);
            if (tls) SSL_shutdown(tls.get());
        }
        close(fd);
    }

    bool read_request(const Peer& peer, SeenRequest& request) {
        std::string text;
        while (text.find("\r\n\r\n") == std::string::npos) {
            const std::string piece = peer.receive();
            if (piece.empty()) return false;
            text += piece;
        }
        const auto end = text.find("\r\n\r\n");
        parse_head(text.substr(0, end), request);
        request.body = text.substr(end + 4);
        const std::string length = request.header("content-length");
        while (!length.empty() && request.body.size() < std::stoull(length)) {
            const std::string piece = peer.receive();
            if (piece.empty()) return false;
            request.body += piece;
        }
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
        return true;
    }

    static void parse_head(const std::string& head, SeenRequest& request) {
        std::size_t at = head.find("\r\n");
        const std::string line = head.substr(0, at);
        request.method = line.substr(0, line.find(' '));
        request.target = line.substr(request.method.size() + 1, line.rfind(' ') - request.method.size() - 1);
        while (at != std::string::npos) {
            const auto next = head.find("\r\n", at + 2);
            const std::string field = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
            const auto colon = field.find(':');
            std::string name = field.substr(0, colon);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            if (colon != std::string::npos)
                request.headers[name] = field.substr(std::min(field.size(), field.find_first_not_of(' ', colon + 1)));
            at = next;
        }
    }

    Handler handler_;
    std::string address_;
    std::shared_ptr<SSL_CTX> tls_;  // shared: SSL_CTX is counted by OpenSSL itself, the deleter drops our count
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stop_{false};
    mutable std::mutex mutex_;
    std::vector<SeenRequest> seen_;
    std::vector<std::thread> connections_;
    std::thread acceptor_;
};

}  // namespace uprev::test
