// SPDX-License-Identifier: Apache-2.0
// read_env_file: dotenv's format, without expansion. Errors name the line, never what stands there.
#include <cctype>

#include "base/text.hpp"
#include "os/descriptor.hpp"
#include "os/linked_file.hpp"
#include "os/secrets.hpp"

namespace uprev::os {

namespace {
constexpr std::uint64_t env_file_limit = 1U << 20U;  // bytes

class EnvParser {
   public:
    EnvParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

    Result<std::map<std::string, std::string>> parse() {
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
        std::map<std::string, std::string> out;
        for (skip_blank(); at_ < text_.size(); skip_blank()) {
            const std::string key = TRY(parse_key());
            out[key] = TRY(parse_value(key));
        }
        return out;
    }

   private:
    [[nodiscard]] char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    [[nodiscard]] bool ended() const { return at_ >= text_.size(); }
    void next() { line_ += text_[at_++] == '\n' ? 1 : 0; }
    void skip_spaces() {
        while (now() == ' ' || now() == '\t') next();
    }
    void skip_line() {
        while (!ended() && now() != '\n') next();
    }
    void skip_blank() {
        while (!ended() && (std::isspace(static_cast<unsigned char>(now())) != 0 || now() == '#')) {
            if (now() == '#')
                skip_line();
            else
                next();
        }
    }
    [[nodiscard]] Error wrong(const std::string& what, std::size_t line) const {
        return fail(Code::invalid, name_ + ":" + std::to_string(line) + ": " + what,
                    "write KEY=VALUE, one per line; quote values that hold spaces or #");
    }

    Result<std::string> parse_key() {
        const std::size_t line = line_;
        if (text_.substr(at_).starts_with("export ") || text_.substr(at_).starts_with("export\t")) {
            at_ += 6;
            skip_spaces();
        }
        const std::size_t begin = at_;
        while (std::isalnum(static_cast<unsigned char>(now())) != 0 || now() == '_' || now() == '.' || now() == '-') next();
        const std::string key(text_.substr(begin, at_ - begin));
        skip_spaces();
        // The text is not shown: a line without a key may be a part of a secret.
        if (key.empty() || std::isdigit(static_cast<unsigned char>(key[0])) != 0 || now() != '=')
            return wrong("this is not KEY=VALUE", line);
        next();
        return key;
    }

    Result<std::string> parse_value(const std::string& key) {
        skip_spaces();
        const std::size_t line = line_;
        if (now() != '"' && now() != '\'' && now() != '`') return parse_plain(key, line);
        const char quote = now();
        std::string value;
        for (next(); now() != quote || ended(); next()) {
            if (ended()) return wrong("the quote of " + key + " is not closed", line);
            if (now() == '\0') return wrong("the value of " + key + " holds a NUL byte", line_);
            if (quote == '"' && now() == '\\' && at_ + 1 < text_.size()) {
                next();
                value += unescaped(now());
            } else {
                value += now();
            }
        }
        next();
        skip_spaces();
        if (!ended() && now() != '\n' && now() != '\r' && now() != '#')
            return wrong("something follows the quoted value of " + key, line_);
        skip_line();
        return value;
    }
    Result<std::string> parse_plain(const std::string& key, std::size_t line) {
        const std::size_t begin = at_;
        while (!ended() && now() != '\n') {
            // A comment begins after a space; a # inside a word belongs to it.
            if (now() == '#' && (at_ == begin || text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t')) break;
            next();
        }
        const std::string value(trim(text_.substr(begin, at_ - begin)));
        if (value.find('\0') != std::string::npos) return wrong("the value of " + key + " holds a NUL byte", line);
        skip_line();
        return value;
    }
    static std::string unescaped(char c) {
        switch (c) {
            case 'n':
                return "\n";
            case 'r':
                return "\r";
            case 't':
                return "\t";
            case '"':
            case '\\':
            case '$':
                return {c};
            default:
                return {'\\', c};
        }
    }

    std::string_view text_;
    const std::string& name_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};
}  // namespace

Result<std::map<std::string, std::string>> read_env_file(const std::string& path) {
    const std::string what = "the environment file '" + path + "'";
    // It lies where the application's user writes, and its values go to commands that run as that user.
    const Descriptor fd = TRY(open_linked_file(path, what));
    const std::string text = TRY(read_all(fd.get(), env_file_limit, what));
    return EnvParser(text, path).parse();
}

}  // namespace uprev::os
