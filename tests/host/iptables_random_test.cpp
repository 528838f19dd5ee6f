#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/host/support/iptables.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/rounds.h"

// Policies compiled for iptables, in the kernel: what packets meet is what the policy says.

namespace portpolicy::host_tests {
namespace {

constexpr std::uint64_t usual_rounds = 60;

using backend::Optimize;
constexpr std::array shapes{Optimize::automatic, Optimize::readable, Optimize::fast};
constexpr std::array shape_names{"auto", "readable", "fast"};

/// As whole tables or by `load`, in each variant, in each shape.
struct Way {
  Variant variant;
  bool whole;
  std::size_t shape;
};
Way way_of(const std::vector<Variant>& variants, std::uint64_t number) {
  const std::size_t variant = number % variants.size();
  number /= variants.size();
  return {variants[variant], number % 2 == 0, number / 2 % shapes.size()};
}

Result<Loadable> loadable(const std::string& policy, const Way& way) {
  Result<Meant> meant = read_text(policy);
  if (!meant) return std::unexpected(meant.error());
  const Result<Files> files = files_of(meant->filter, shapes[way.shape]);
  if (!files) return std::unexpected(files.error());
  Loadable result{
      std::move(meant->graph),
      std::string(to_string(way.variant)) + (way.whole ? ", whole, " : ", beside, ") + shape_names[way.shape], [] {},
      [variant = way.variant] { remove_rules(variant); },
      [variant = way.variant](const Graph& graph) { return difference_in_force(variant, graph); }};
  if (way.whole) {
    result.load = [variant = way.variant, files = *files] { load_tables(variant, files); };
  } else {
    result.load = [variant = way.variant, files = *files] {
      const Finished finished = RulesFolder(files).load(variant);
      if (finished.status != 0) FAIL(finished.errors << files.v4 << files.v6);
    };
  }
  return result;
}

Tally run_in_every_way(MakePolicy make) {
  const std::vector<Variant> variants = usable_variants();
  if (variants.empty()) return {};
  return run_rounds(make, usual_rounds, [&](const std::string& policy, std::uint64_t number) {
    return loadable(policy, way_of(variants, number));
  });
}

}  // namespace

TEST_CASE("iptables decides random packets as random policies say, in every variant and shape") {
  const Tally tally = run_in_every_way(test::random_policy);
  CHECK(tally.arrived * 2 >= tally.sent);
  CHECK(tally.by_rule * 5 >= tally.arrived);
}

TEST_CASE("iptables decides packets at the boundaries of many rules as they say, in every variant and shape") {
  const Tally tally = run_in_every_way(many_rules);
  CHECK(tally.arrived * 2 >= tally.sent);
  CHECK(tally.by_rule * 5 >= tally.arrived);
}

}  // namespace portpolicy::host_tests
