// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_rpc.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "os/clock.hpp"
#include "os/descriptor.hpp"

namespace uprev {
namespace {

constexpr std::string_view call_id = "s:uprev:0";
constexpr std::size_t answer_limit = 16U << 20U;
constexpr unsigned char version = 1;

Error odd() { return fail(Code::unavailable, "pm2's daemon answers in a way that isn't known"); }
Error silent() { return fail(Code::timeout, "pm2's daemon does not answer"); }

void put(std::string& out, std::string_view argument) {
    const auto size = static_cast<std::uint32_t>(argument.size());
    for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(size >> shift & 0xffU);
    out += argument;
}

// The arguments of a whole message; nothing while bytes are missing.
Result<std::optional<std::vector<std::string_view>>> arguments(std::string_view bytes) {
    std::optional<std::vector<std::string_view>> none;
    if (bytes.empty()) return none;
    const auto head = static_cast<unsigned char>(bytes[0]);
    if (head >> 4U != version) return odd();
    std::vector<std::string_view> out;
    std::size_t at = 1;
    for (unsigned left = head & 0xfU; left > 0; --left) {
        if (bytes.size() - at < 4) return none;
        std::size_t size = 0;
        for (int i = 0; i < 4; ++i) size = size << 8U | static_cast<unsigned char>(bytes[at++]);
        if (size > answer_limit) return odd();
        if (bytes.size() - at < size) return none;
        out.push_back(bytes.substr(at, size));
        at += size;
    }
    return std::optional(std::move(out));
}

Result<os::Descriptor> connected(const os::Path& socket) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    const auto name = socket.string();
    if (name.size() >= sizeof to.sun_path) return fail(Code::unavailable, "the path of pm2's socket is too long");
    std::memcpy(to.sun_path, name.data(), name.size());
    os::Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return os::system_error(errno, "cannot make a socket");
    // A socket of this family connects at once or not at all.
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        return fail(Code::unavailable, "cannot connect to pm2's daemon");
    return fd;
}

Result<> send(int fd, std::string_view bytes) {
    // One question fits into the buffer of a socket that was just opened.
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) return fail(Code::unavailable, "cannot ask pm2's daemon");
    return {};
}

}  // namespace

std::string pm2_question(std::string_view method) {
    std::string out(1, static_cast<char>(version << 4U | 2U));
    put(out, "j:" + Json({{"type", "call"}, {"method", method}, {"args", Json::array({Json::object()})}}).dump());
    put(out, call_id);
    return out;
}

Result<Json> pm2_answer(std::string_view bytes) {
    const auto found = TRY(arguments(bytes));
    if (!found || found->size() != 2 || (*found)[1] != call_id || !(*found)[0].starts_with("j:")) return odd();
    auto json = parse_json((*found)[0].substr(2), "pm2's answer");
    if (!json || !json->is_object() || json->contains("error")) return odd();
    const auto values = json->find("args");
    if (values == json->end() || !values->is_array() || values->empty()) return odd();
    return std::move(values->front());
}

Result<Json> pm2_ask(const os::Path& socket, std::string_view method, Millis limit) {
    os::SystemClock clock;
    const auto until = clock.steady() + limit;
    const auto fd = TRY(connected(socket));
    TRY_VOID(send(fd.get(), pm2_question(method)));
    std::string answer;
    std::vector<char> block(64U << 10U);
    while (!TRY(arguments(answer))) {
        const auto left = until - clock.steady();
        pollfd wait{fd.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) return silent();
        const auto got = ::recv(fd.get(), block.data(), block.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0 || answer.size() + static_cast<std::size_t>(got) > answer_limit) return odd();
        answer.append(block.data(), static_cast<std::size_t>(got));
    }
    return pm2_answer(answer);
}

}  // namespace uprev
