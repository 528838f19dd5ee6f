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

struct Manner {
  Namespace where = Namespace::ours;
  std::string output = "/dev/null";  ///< the file that its standard output goes to
  bool may_find = false;             ///< exit code 1, for findings, is an answer too
};

/// Runs a program. Ends this program with a message when that one fails: a benchmark of failures measures nothing.
Cost measure(const std::vector<std::string>& words, const Manner& manner = {});

/// The median of each figure.
Cost median(std::vector<Cost> costs);

}  // namespace portpolicy::bench
