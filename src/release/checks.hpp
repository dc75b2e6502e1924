// SPDX-License-Identifier: Apache-2.0
// What single values of the two files must look like. Pure: nothing here asks the machine.
#pragma once

#include <string>
#include <string_view>

#include "release/fields.hpp"

namespace uprev::checks {

extern const Check installation_id;  // [a-z0-9-]{1,64}, no '-' in front
extern const Check name;             // of a service, database, build: safe in paths and argv
extern const Check user;
extern const Check absolute_path;  // normalised, not "/"
extern const Check relative_path;  // stays below where it starts
extern const Check any_path;       // absolute or relative, no ".." and no '-' in front
extern const Check environment_name;
extern const Check version;
extern const Check range;
extern const Check json_pointer;  // RFC 6901
extern const Check host_port;
extern const Check http_url;           // http: or https:, without a password
extern const Check feed_url;           // https:, http: or an absolute folder
extern const Check database_url;       // env:NAME, file:PATH, or postgresql://… without a password
extern const Check reference_or_text;  // a "env:" or "file:" that is one must be whole
extern const Check minisign_key;
extern const Check time_of_day;  // HH:MM, to 24:00
extern const Check zone;         // an IANA name
extern const Check channel;

// scheme://user:password@… somewhere in it.
bool holds_password(std::string_view text);
bool is_reference(std::string_view text);  // env:NAME or file:/PATH

}  // namespace uprev::checks
