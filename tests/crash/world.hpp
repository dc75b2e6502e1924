// SPDX-License-Identifier: Apache-2.0
// A machine in memory: files with what is on disk and what isn't yet, a database, services, commands that outlive uprev, a client
// that writes. Every change goes through `change`, which counts it and can kill uprev there. Once killed, nothing answers uprev any more.
// The world knows nothing of uprev's plan, engine or journal.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/filesystem.hpp"
#include "os/process.hpp"

namespace uprev::sim {

// before, after: uprev is killed. dropped: power is lost right after the change, and what was not synced is gone. The others are
// outages: from the change on, and until uprev is started anew, that part of the machine refuses to work.
enum class Cut { before, after, dropped, no_database, no_services, disk_full };
bool is_outage(Cut cut);
std::string_view word(Cut cut);

struct Kill {
    std::size_t at = 0;  // 1-based; 0: never
    Cut cut = Cut::before;
};

struct Node {
    os::FileType type = os::FileType::regular;
    std::string content;  // of a file; target of a symlink
    friend bool operator==(const Node&, const Node&) = default;
};
using Tree = std::map<std::string, Node>;  // absolute path -> node

// What an application release is, as the world executes it.
struct Behaviour {
    std::string schema;            // the schema its code needs
    std::set<std::string> reads;   // those it can serve on
    std::string migrates_to;       // what its migration command makes of the schema; empty: it has none
    bool migration_fails = false;  // half-way
    bool boots = true;
    bool healthy = true;
};

struct Service {
    bool running = false;
    std::string version;  // of the code in memory
    std::string folder;   // it runs from
    std::uint32_t restarts = 0;
};

struct Data {
    std::string schema = "1";
    std::vector<std::string> rows;
    std::uint64_t writes = 0;  // counts every committed change
};

class World {
   public:
    explicit World(Kill kill) : kill_(kill) {}

    // One mutating call of uprev's: counted, and possibly the last one.
    Result<> change(const std::string& what, const std::function<Result<>()>& effect);
    // A commit of the journal: killed before it happens, or after it has; never in its middle (that is SQLite's own business).
    Result<> commit(const std::string& what, bool before);
    [[nodiscard]] Result<> alive() const;  // Code::unavailable once uprev was killed
    // Like `alive`; and Code::unavailable or Code::exhausted while that part is out.
    [[nodiscard]] Result<> reach(Cut part) const;
    [[nodiscard]] bool out() const { return out_; }
    [[nodiscard]] std::size_t changes() const { return count_; }
    [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
    [[nodiscard]] bool killed() const { return killed_; }
    [[nodiscard]] bool lost_power() const { return lost_power_; }
    void revive(Kill kill);  // a new uprev starts; counting goes on from zero
    void boot();             // after a power cut, once recovery had its turn: what isn't guarded starts

    // What goes on outside of uprev between two of its calls.
    void tick();
    void client_writes();
    // Starting code: from `folder`, on the schema as it is.
    void start(const std::string& service, const std::string& folder);
    [[nodiscard]] std::string pointer_target() const;
    [[nodiscard]] const Behaviour* behaviour_of(const std::string& folder) const;

    Tree live;
    Tree disk;
    Data data;
    std::string fence;                  // mark; empty: open
    std::string guard;                  // mark; empty: none
    std::map<std::string, Data> dumps;  // path -> content
    std::set<std::string> copies;       // marks of proven copies that stand beside the database
    std::map<std::string, Data> failed_copies;
    std::map<std::string, Service> services;
    std::map<std::string, Behaviour> releases;                // version -> behaviour
    std::map<std::string, os::Recorded> records;              // what shims wrote
    std::map<std::string, std::function<void()>> unfinished;  // commands still running under their shim
    std::vector<std::string> acknowledged;
    bool client = true;  // writes through the services whenever it can
    std::int64_t now_ms = 1'800'000'000'000;

   private:
    void die(bool power);
    void count(const std::string& what);
    // The part of the machine that this change needs, by its label.
    [[nodiscard]] Result<> possible(const std::string& what) const;
    Kill kill_;
    std::size_t count_ = 0;
    std::vector<std::string> labels_;
    bool killed_ = false;
    bool lost_power_ = false;
    bool out_ = false;  // kill_.cut names what
};

inline constexpr const char* root = "/srv/shop";

}  // namespace uprev::sim
