#pragma once

#include <cstddef>
#include <vector>

#include "compiler/graph/graph.h"
#include "tests/host/support/test_bed.h"
#include "tests/support/random_policy.h"

namespace portpolicy::host_tests {

using test::Random;

/// Packets of all kinds, most of them inside or just beside what some rule of the policy speaks of.
std::vector<Shot> random_shots(TestBed& bed, const Graph& graph, Random& random, std::size_t count);

}  // namespace portpolicy::host_tests
