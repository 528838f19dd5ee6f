#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"
#include "tests/host/support/test_bed.h"
#include "tests/support/random_policy.h"

/// Random policies in the kernel, and random packets that meet them.
namespace portpolicy::host_tests {

/// A policy that is ready to be loaded.
struct Loadable {
  Graph graph;
  std::string said;  ///< how it was compiled, for messages
  std::function<void()> load, unload;
  /// What else speaks against what is in force; empty when nothing does.
  std::function<std::string(const Graph&)> doubt = [](const Graph&) { return std::string(); };
};
/// Compiles a policy, or says what is wrong with it. The number, another one each round, chooses among ways to do so.
using Compile = std::function<Result<Loadable>(const std::string& policy, std::uint64_t number)>;
using MakePolicy = test::PolicyText (*)(test::Random&);

/// Rules of addresses and ports alone, from and to networks that lie in each other.
test::PolicyText many_rules(test::Random& random);

struct Tally {
  std::size_t sent = 0, arrived = 0, by_rule = 0, answered = 0;
  unsigned refused = 0;
  std::map<std::string, std::size_t> of;  ///< direction, family, state, verdict
};

/// Fails the running test for each packet that meets another fate than `evaluate` says. PORTPOLICY_SEED and
/// PORTPOLICY_ROUNDS choose other rounds than the usual number of new ones.
Tally run_rounds(MakePolicy make, std::uint64_t usual_rounds, const Compile& compile);

}  // namespace portpolicy::host_tests
