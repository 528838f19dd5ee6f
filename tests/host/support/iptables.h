#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "backends/common/optimize.h"
#include "compiler/base/packet.h"
#include "compiler/base/result.h"
#include "compiler/filter/filter.h"
#include "compiler/graph/graph.h"
#include "tests/host/support/process.h"
#include "tests/support/scratch_folder.h"

/// The two iptables of a host, in the namespace that the thread is in, and folders of rules with the scripts that load them.
namespace portpolicy::host_tests {

enum class Variant : std::uint8_t { legacy, nft };
std::string_view to_string(Variant variant);
/// Those that work here. What does not is said, and fails the running test when nothing may be skipped.
std::vector<Variant> usable_variants();

/// What `iptables-save` says of the table filter, without comments and counters; empty if there is no such table.
std::string saved(Variant variant, Family family);
/// Both families.
std::string saved(Variant variant);
/// The table as a whole; the running test fails if it is refused.
void restore(Variant variant, Family family, const std::string& table);
/// Commands as `iptables` takes them, a line each, for both families: `-I INPUT -j ACCEPT`.
void add_rules(Variant variant, const std::string& lines);
/// The names of all sets, sorted, each followed by a blank.
std::string set_names();
void ipset(const std::string& lines);

/// What a compilation for iptables leaves.
struct Files {
  std::string v4, v6, sets;
};
/// Of a policy's filter; what iptables cannot say is the error.
Result<Files> files_of(const filter::Filter& filter, backend::Optimize optimize);
/// As whole tables, as a host would at its start.
void load_tables(Variant variant, const Files& files);
/// Whatever was loaded, by whom and how: empty tables and no sets are left.
void remove_rules(Variant variant);

/// What speaks against the rules and sets that are in force doing with every packet what the policy says, as
/// `iptables-save` and `ipset save` tell it and the reader understands it; empty when nothing does.
std::string difference_in_force(Variant variant, const Graph& policy);

/// Rules that let in TCP to `port` from everywhere and to 5432 from a set of its own, and, where `forward` is said, let through
/// TCP to 8080.
Files some_files(std::uint16_t port, bool forward);
/// Rules as Docker, fail2ban, CrowdSec and ufw leave them, the same for both families.
void restore_rules_of_others(Variant variant);

/// A folder with rules, `load` and `unload`.
class RulesFolder {
 public:
  explicit RulesFolder(const Files& files);
  void write(std::string_view name, std::string_view text) const;
  const std::filesystem::path& path() const { return folder_.path(); }

  /// `surroundings` are words like `NAME=value`.
  Finished load(Variant variant, const std::vector<std::string>& words = {},
                const std::vector<std::string>& surroundings = {}) const;
  Finished unload(Variant variant) const;
  /// Of whatever is there.
  Finished unload() const;

 private:
  test::ScratchFolder folder_;
};

}  // namespace portpolicy::host_tests
