// SPDX-License-Identifier: Apache-2.0
// Whether a release serves: every health probe holds and keeps holding, the version served is the expected one, every process runs from
// the release's folder, and no restart counter rises meanwhile.
#pragma once

#include "engine/step_kind.hpp"

namespace uprev::steps {

// `version` empty: the served version is not compared. The value is what each probe saw last.
Result<Json> gate(StepContext& context, const ReleaseFile& release, const os::Path& folder, const std::string& version);

// Whether a process in `place` runs from `folder` or below.
bool runs_from(const std::string& place, const os::Path& folder);

}  // namespace uprev::steps
