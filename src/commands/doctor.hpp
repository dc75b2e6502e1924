// SPDX-License-Identifier: Apache-2.0
// What `uprev doctor` looks at, in three parts. Each part writes down what it sees, with the fix beside it; nothing stops the others.
// No value of a secret is ever written down.
#pragma once

#include <string>
#include <vector>

#include "operations/session.hpp"

namespace uprev {

struct Symptom {
    enum class Health { ok, note, warning, blocker };
    Health health = Health::ok;
    std::string id;  // "tool.npm"
    std::string message;
    std::string fix;  // next step; empty for ok
};

class Chart {
   public:
    void ok(std::string id, std::string message) {
        rows_.push_back({Symptom::Health::ok, std::move(id), std::move(message), ""});
    }
    void note(std::string id, std::string message, std::string fix = {}) {
        rows_.push_back({Symptom::Health::note, std::move(id), std::move(message), std::move(fix)});
    }
    void warn(std::string id, std::string message, std::string fix) {
        rows_.push_back({Symptom::Health::warning, std::move(id), std::move(message), std::move(fix)});
    }
    void block(std::string id, std::string message, std::string fix) {
        rows_.push_back({Symptom::Health::blocker, std::move(id), std::move(message), std::move(fix)});
    }
    void block(std::string id, const Error& error) { block(std::move(id), error.text(), error.hint); }
    [[nodiscard]] const std::vector<Symptom>& rows() const { return rows_; }

   private:
    std::vector<Symptom> rows_;
};

void examine_machine(Session& session, const ReleaseFile& release, Chart& chart);  // tools, boot unit, clock, identity
void examine_installation(Session& session, const ReleaseFile& release,
                          Chart& chart);             // root, pointer, environment, secrets, databases, services, disk, feed
void examine_state(Session& session, Chart& chart);  // state folder, journal, lock, leftovers, trust

}  // namespace uprev
