// SPDX-License-Identifier: Apache-2.0
// A database for tests that is asked for nothing: each test overrides the verbs that it is about, and any other one is an error.
#pragma once

#include "ports/database.hpp"

namespace uprev {

class UnaskedDatabase : public Database {
   public:
    Result<DatabaseFacts> inspect() override { return none(); }
    Result<Snapshot> snapshot(const os::Path&, const std::string&, bool) override { return none(); }
    Result<Fence> fence(const std::string&) override { return none(); }
    Result<> unfence(const std::string&) override { return none(); }
    Result<> lay_aside(const Snapshot&, const std::string&) override { return none(); }
    Result<> restore(const Snapshot&, const std::string&) override { return none(); }
    Result<Written> written_since(const std::string&) override { return none(); }
    Result<> forget(const Snapshot&, bool) override { return none(); }
    Result<> discard(const os::Path&, const std::string&) override { return none(); }
    Result<std::optional<ReplacedDatabase>> replaced(const std::string&) override { return none(); }
    Result<> drop_replaced(const std::string&) override { return none(); }

   protected:
    static Error none() { return fail(Code::bug, "not asked"); }
};

}  // namespace uprev
