// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

namespace uprev {

namespace {

constexpr std::size_t depth_limit = 64;

// Walks the text and counts, so that a SAX event (which carries no position) can be placed.
class CountingIterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, std::size_t* read) : at_(at), read_(read) {}
    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        ++at_;
        ++*read_;
        return *this;
    }
    CountingIterator operator++(int) {
        auto before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }
    friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return a.at_ != b.at_; }

   private:
    const char* at_;
    std::size_t* read_;
};

struct Problem {
    std::size_t offset = 0;
    std::string what;
};

// The library's own message without its "[json.exception…] parse error at line 1, column 2:" opening.
std::string plain_reason(const std::string& message) {
    const auto bracket = message.find("] ");
    auto reason = bracket == std::string::npos ? message : message.substr(bracket + 2);
    if (reason.starts_with("parse error")) {
        const auto colon = reason.find(": ");
        if (colon != std::string::npos) reason = reason.substr(colon + 2);
    }
    return reason;
}

class Builder {
   public:
    explicit Builder(const std::size_t* read) : read_(read) {}

    bool null() { return add(nullptr); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(Json::number_integer_t value) { return add(value); }
    bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
    bool number_float(Json::number_float_t value, const std::string&) { return add(value); }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(Json::binary_t&) { return stop("binary values are not JSON"); }
    bool start_object(std::size_t) { return open(Json::object()); }
    bool start_array(std::size_t) { return open(Json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string& name) {
        auto& frame = stack_.back();
        if (!frame.keys.insert(name).second) return stop("duplicate key \"" + name + "\"");
        frame.key = std::move(name);
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const Json::exception& error) {
        problem_ = Problem{position, plain_reason(error.what())};
        return false;
    }

    [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }
    Json take() { return std::move(root_); }

   private:
    struct Frame {
        Json value;
        std::string key;
        std::unordered_set<std::string> keys;
    };

    bool stop(std::string what) {
        problem_ = Problem{*read_, std::move(what)};
        return false;
    }
    bool open(Json value) {
        if (stack_.size() == depth_limit) return stop("nested deeper than " + std::to_string(depth_limit));
        stack_.push_back(Frame{std::move(value), {}, {}});
        return true;
    }
    bool close() {
        auto value = std::move(stack_.back().value);
        stack_.pop_back();
        return add(std::move(value));
    }
    bool add(Json value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return true;
        }
        auto& frame = stack_.back();
        if (frame.value.is_array()) {
            frame.value.push_back(std::move(value));
        } else {
            // Not operator[]: ordered objects look keys up one by one, and a hostile document has a million of them.
            frame.value.get_ref<Json::object_t&>().emplace_back(std::move(frame.key), std::move(value));
            frame.key.clear();
        }
        return true;
    }

    const std::size_t* read_;
    std::vector<Frame> stack_;
    Json root_;
    std::optional<Problem> problem_;
};

std::string place(std::string_view text, std::size_t offset) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i + 1 < offset && i < text.size(); ++i) {
        ++column;
        if (text[i] == '\n') {
            ++line;
            column = 1;
        }
    }
    return std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view what) {
    std::size_t read = 0;
    Builder builder(&read);
    bool parsed = false;
    try {
        const CountingIterator first(text.data(), &read);
        const CountingIterator last(text.data() + text.size(), &read);
        parsed = Json::sax_parse(first, last, &builder);
    } catch (const std::exception& error) {
        return fail(Code::invalid, std::string(what) + ": " + plain_reason(error.what()));
    }
    if (parsed) return builder.take();
    const auto problem = builder.problem().value_or(Problem{read, "not JSON"});
    return fail(Code::invalid, std::string(what) + ":" + place(text, problem.offset) + ": " + problem.what);
}

Json error_json(const Error& error) { return {{"code", code_name(error.code)}, {"message", error.text()}, {"hint", error.hint}}; }

Error error_from_json(const Json& json) {
    if (!json.is_object()) return fail(Code::failed, "");
    return fail(code_from_name(json.value("code", "failed")), json.value("message", ""), json.value("hint", ""));
}

}  // namespace uprev
