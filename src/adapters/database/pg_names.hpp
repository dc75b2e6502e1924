// SPDX-License-Identifier: Apache-2.0
// Names of the databases that uprev puts beside the application's. They alone record, across a crash, what was fenced, restored or kept.
// Always at most 63 bytes (PostgreSQL's limit), the same for the same database, word and mark, different for different ones.
#pragma once

#include <string>
#include <string_view>

namespace uprev {

enum class PgWord { fenced, failed, proof, restored };

// Shape: <database>_<word>_<mark>; a long database or mark is cut short and told apart by a digest.
std::string pg_beside(std::string_view database, PgWord word, std::string_view mark);
// What every such name of any mark begins with.
std::string pg_beside_prefix(std::string_view database, PgWord word);

}  // namespace uprev
