#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace portpolicy::bench {

/// What one run of a program cost.
struct Cost {
  double cpu_seconds = 0;  ///< user and system
  double megabytes = 0;    ///< the most memory it had at a time
};

enum class Namespace : bool { ours, fresh };

/// Runs a program with its standard output thrown away, perhaps in a network namespace of its own. Ends this program
/// with a message when that one fails: a benchmark of failures measures nothing.
Cost measure(const std::vector<std::string>& words, Namespace where = Namespace::ours);

/// The median of each figure.
Cost median(std::vector<Cost> costs);

}  // namespace portpolicy::bench
