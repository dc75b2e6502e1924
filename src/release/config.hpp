// SPDX-License-Identifier: Apache-2.0
// From layered YAML to effective values. One table of fields generates the parser, the JSON Schema, the reference page and the
// nearest-key errors. Layers, weakest first: defaults < release < template < site < tenant; later layers win key by key, lists whole.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "release/release_file.hpp"
#include "release/site_file.hpp"

namespace uprev {

struct Layer {
    std::string name;  // "release", "template", "site", "tenant"
    std::string file;  // for errors and origins
    std::string text;  // YAML
};

struct Origin {
    std::string layer;  // "default", "release", …
    std::string file;
    int line = 0;  // 1-based; 0 for defaults
};

struct SiteConfig {
    SiteFile site;                          // site.release holds the merged release section
    std::map<std::string, Origin> origins;  // dotted key -> where its value came from
};

// All problems at once, one a line: "uprev.yaml:12:5: unknown key 'databse' in 'databases[0]'; did you mean 'database'?". Code::invalid.
Result<SiteConfig> parse_site(const std::vector<Layer>& layers);
Result<ReleaseFile> parse_release(std::string_view text, std::string_view file);
// The vendor's release file under the site's `release:` section (the site's keys win).
Result<ReleaseFile> effective_release(std::string_view vendor_text, std::string_view vendor_file,
                                      const std::vector<Layer>& site_layers);

// Pinning in the journal: lossless both ways. Secret references stay references.
Json to_json(const SiteFile& site);
Json to_json(const ReleaseFile& release);
Result<SiteFile> site_from_json(const Json& json);
Result<ReleaseFile> release_from_json(const Json& json);

Json site_schema();  // JSON Schema 2020-12
Json release_schema();
std::string config_reference();  // Markdown: every key, type, default, meaning; both of:
std::string site_reference();
std::string release_reference();

// ${name} from `values`; an unknown name is Code::invalid with the nearest. "$$" is a dollar.
Result<std::string> interpolate(std::string_view text, const std::map<std::string, std::string>& values);

// Whether `wall_ms` falls into one of the windows (none: always open), and when the next one opens.
struct WindowState {
    bool open = true;
    std::string next;  // "sat 02:00 Europe/Berlin (in 3h 12m)"; empty when open
};
Result<WindowState> window_state(const std::vector<WindowSpec>& windows, std::int64_t wall_ms);

}  // namespace uprev
