// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <array>

namespace uprev {

namespace {
struct Row {
    Code code;
    std::string_view name;
};
constexpr std::array rows{
    Row{Code::invalid, "invalid"},
    Row{Code::not_found, "not_found"},
    Row{Code::conflict, "conflict"},
    Row{Code::untrusted, "untrusted"},
    Row{Code::timeout, "timeout"},
    Row{Code::unavailable, "unavailable"},
    Row{Code::corrupt, "corrupt"},
    Row{Code::refused, "refused"},
    Row{Code::exhausted, "exhausted"},
    Row{Code::permission, "permission"},
    Row{Code::failed, "failed"},
    Row{Code::interrupted, "interrupted"},
    Row{Code::needs_operator, "needs_operator"},
    Row{Code::bug, "bug"},
};
}  // namespace

std::string_view code_name(Code code) {
    for (const auto& row : rows)
        if (row.code == code) return row.name;
    return "bug";
}

Code code_from_name(std::string_view name) {
    for (const auto& row : rows)
        if (row.name == name) return row.code;
    return Code::bug;
}

std::string Error::text() const {
    std::string out;
    for (auto it = context.rbegin(); it != context.rend(); ++it) out += *it + ": ";
    return out + message;
}

}  // namespace uprev
