// SPDX-License-Identifier: Apache-2.0
// Strict JSON in: duplicate keys, NaN, depth over 64 and trailing bytes are refused.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.hpp"

namespace uprev {

using Json = nlohmann::ordered_json;

// `what` names the document in the error ("feed https://…"). Errors: Code::invalid with line and column.
Result<Json> parse_json(std::string_view text, std::string_view what);

// {code, message, hint}, as reports and the journal hold an error. Back from anything else: Code::failed without words.
Json error_json(const Error& error);
Error error_from_json(const Json& json);

}  // namespace uprev
