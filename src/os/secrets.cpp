// SPDX-License-Identifier: Apache-2.0
#include "os/secrets.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"
#include "os/descriptor.hpp"
#include "os/filesystem.hpp"
#include "os/masking.hpp"

namespace uprev::os {

namespace {
constexpr std::uint64_t secret_limit = 65536;  // bytes

// Only its owner, and root, could have put it there.
bool only_we_write(const struct stat& about) {
    if (about.st_uid != 0 && about.st_uid != ::geteuid()) return false;
    const bool own_group = ::geteuid() != 0 && about.st_gid == ::getegid();  // a user's private group is the user
    return (about.st_mode & S_IWOTH) == 0 && ((about.st_mode & S_IWGRP) == 0 || own_group);
}

// Whoever may write one of the folders on the way could put another file there. A sticky folder (/tmp) protects what is in it.
Result<> require_safe_way(const Path& file) {
    for (Path folder = file.parent_path();; folder = folder.parent_path()) {
        struct stat about {};
        if (::lstat(folder.c_str(), &about) != 0) return system_error(errno, "cannot examine '" + folder.string() + "'");
        const bool sticky_of_root = (about.st_mode & S_ISVTX) != 0 && about.st_uid == 0;
        if (!S_ISLNK(about.st_mode) && !only_we_write(about) && !sticky_of_root)
            return fail(Code::refused,
                        "the secret file '" + file.string() + "' lies in '" + folder.string() + "', where another user may write",
                        "move it to a folder that only root or you can write, such as /etc/uprev");
        if (folder == folder.parent_path()) return {};
    }
}

Result<std::string> read_secret(const Path& file) {
    const std::string name = "'" + file.string() + "'";
    if (!file.is_absolute()) return fail(Code::invalid, "the secret file " + name + " is not an absolute path");
    const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about {};
    if (!fd || ::fstat(fd.get(), &about) != 0) return system_error(errno, "cannot open the secret file " + name);
    if (!S_ISREG(about.st_mode)) return fail(Code::refused, "the secret file " + name + " is not a regular file");
    if (!only_we_write(about))
        return fail(Code::refused, "the secret file " + name + " may be written by another user", "chown root and chmod 600 it");
    TRY_VOID(require_safe_way(file.lexically_normal()));
    std::error_code error;
    const Path real = std::filesystem::canonical(file, error);
    if (!error && real != file.lexically_normal()) TRY_VOID(require_safe_way(real));
    std::string text = TRY(read_all(fd.get(), secret_limit, "the secret file " + name));
    // Editors end a file in a newline; a secret doesn't.
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

constexpr std::array always_secret{"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN"};
// Under these a short word may be a switch ("AUTH=true"), and hiding it would hide innocent text.
constexpr std::array often_secret{"PWD", "PASS", "KEY", "CREDENTIAL", "AUTH", "PRIVATE", "SALT", "COOKIE", "DSN"};
constexpr std::size_t longer_than_a_switch = 6;

bool looks_secret(std::string_view key, std::string_view value) {
    std::string upper(key);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (upper == "PWD" || upper == "OLDPWD") return false;  // the shell's folder
    const auto in_key = [&](const char* word) { return upper.find(word) != std::string::npos; };
    return std::any_of(always_secret.begin(), always_secret.end(), in_key) ||
           (value.size() >= longer_than_a_switch && std::any_of(often_secret.begin(), often_secret.end(), in_key));
}

struct Userinfo {
    std::size_t password = 0;  // where it begins
    std::size_t end = 0;       // of the whole userinfo: the '@'
};

// The next "://user:password@" at or after `from`; npos in `end` when there is none.
Userinfo next_userinfo(std::string_view text, std::size_t from) {
    for (auto at = text.find("://", from); at != std::string_view::npos; at = text.find("://", at + 3)) {
        const auto begin = at + 3;
        // Passwords with an unescaped '/', '#' or '?' occur; a quote or a space ends any URL.
        const auto stop = std::min(text.find_first_of(" \t\r\n\"'<>`", begin), text.size());
        const auto authority = text.substr(begin, stop - begin);
        const auto slash = authority.find_first_of("/?#");
        auto mark = authority.substr(0, slash).rfind('@');
        if (mark == std::string_view::npos) continue;
        const auto colon = authority.substr(0, mark).find(':');
        if (colon != std::string_view::npos && colon + 1 < mark) return {begin + colon + 1, begin + mark};
    }
    return {0, std::string_view::npos};
}

std::string percent_decoded(std::string_view text) {
    const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0 ? c - '0' : (c | 32) - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool coded = text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                           std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
        out += coded ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
        if (coded) i += 2;
    }
    return out;
}
}  // namespace

Result<Revealed> reveal(std::string_view reference) {
    if (reference.starts_with("env:")) {
        const std::string name(reference.substr(4));
        const char* value = ::getenv(name.c_str());
        if (name.empty() || value == nullptr)
            return fail(Code::not_found, "the environment variable '" + excerpt(name) + "' of a secret is not set",
                        "set it for uprev, or use file:PATH");
        return Revealed{value, true};
    }
    if (reference.starts_with("file:")) return Revealed{TRY(read_secret(Path(reference.substr(5)))), true};
    return Revealed{std::string(reference), false};
}

std::string mask(std::string_view text, const std::vector<std::string>& secrets) {
    const std::string literal = mask_literally(text, mask_forms(secrets));
    std::string out;
    std::size_t shown = 0;
    for (auto found = next_userinfo(literal, 0); found.end != std::string::npos; found = next_userinfo(literal, found.end)) {
        out.append(literal, shown, found.password - shown);
        out += "***";
        shown = found.end;
    }
    return out.append(literal, shown);
}

std::vector<std::string> secrets_of(const std::map<std::string, std::string>& environment) {
    std::vector<std::string> out;
    for (const auto& [key, value] : environment) {
        if (value.empty()) continue;
        const Userinfo found = next_userinfo(value, 0);
        if (found.end != std::string::npos) {
            const std::string password = value.substr(found.password, found.end - found.password);
            out.push_back(password);
            if (percent_decoded(password) != password) out.push_back(percent_decoded(password));
        }
        if (looks_secret(key, value)) out.push_back(value);
    }
    return out;
}

}  // namespace uprev::os
