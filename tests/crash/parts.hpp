// SPDX-License-Identifier: Apache-2.0
// The simulated world behind the same interfaces as the real parts.
#pragma once

#include <memory>

#include "crash/world.hpp"
#include "engine/step_kind.hpp"
#include "os/clock.hpp"

namespace uprev::sim {

class SimClock final : public os::Clock {
   public:
    explicit SimClock(World& world) : world_(world) {}
    std::int64_t wall_ms() const override { return world_.now_ms; }
    os::Milliseconds steady() const override { return os::Milliseconds(world_.now_ms); }
    void sleep(os::Milliseconds time) override {
        world_.tick();
        world_.now_ms += time.count();
    }

   private:
    World& world_;
};

std::unique_ptr<os::FileSystem> make_files(World& world);
std::unique_ptr<os::Processes> make_processes(World& world);
std::unique_ptr<Unpacker> make_unpacker(World& world, std::string version);
std::unique_ptr<Database> make_database(World& world);
std::unique_ptr<Services> make_services(World& world);
std::unique_ptr<Probe> make_probe(World& world);

}  // namespace uprev::sim
