// What compiling costs, beside what `nft -f` costs for the same rules written plainly: processor time (user and
// system) and peak memory, medians of interleaved rounds, every nft in a network namespace of its own.
//
//     portpolicy_bench PROGRAM [--quick]
//
// This process stays small on purpose: a child's peak memory counts from what its parent had when it was forked.

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace fs = std::filesystem;
using namespace portpolicy::bench;

namespace {

struct Workshop {
  std::string program, generator;
  fs::path folder;

  fs::path make(const std::string& kind, std::size_t count) const {
    const fs::path made = folder / (kind + "-" + std::to_string(count));
    measure({generator, kind, std::to_string(count), made.string()});
    return made;
  }
  Cost compile(const fs::path& made) const {
    return measure({program, "compile", (made / "policy.yaml").string(), "--target", "nftables"});
  }
  Cost check(const fs::path& made) const {
    return measure({program, "check", "--quiet", (made / "policy.yaml").string()});
  }
};

int rounds_for(std::size_t count) {
  return count <= 1'000 ? 11 : count <= 10'000 ? 5 : 3;
}

void compare_rules(const Workshop& workshop, const std::vector<std::size_t>& counts) {
  std::printf("compile --target nftables, beside nft -f of the same rules\n");
  std::printf("%10s %14s %8s %14s %8s %8s %14s\n", "rules", "portpolicy", "MB", "nft -f", "MB", "ratio",
              "growth of CPU");
  Cost before{};
  for (const std::size_t count : counts) {
    const fs::path made = workshop.make("rules", count);
    std::vector<Cost> ours, theirs;
    for (int round = 0; round < rounds_for(count); ++round) {
      ours.push_back(workshop.compile(made));
      theirs.push_back(measure({"nft", "-f", (made / "plain.nft").string()}, Namespace::fresh));
    }
    const Cost mine = median(ours), plain = median(theirs);
    std::printf("%10zu %12.1fms %8.1f %12.1fms %8.1f %7.2fx", count, mine.cpu_seconds * 1e3, mine.megabytes,
                plain.cpu_seconds * 1e3, plain.megabytes, mine.cpu_seconds / plain.cpu_seconds);
    if (before.cpu_seconds > 0) std::printf(" %13.1fx", mine.cpu_seconds / before.cpu_seconds);
    std::printf("\n");
    std::fflush(stdout);
    before = mine;
  }
}

void measure_one(const char* what, const Cost& cost) {
  std::printf("%-58s %10.2f s %8.0f MB\n", what, cost.cpu_seconds, cost.megabytes);
  std::fflush(stdout);
}

template <class Run>
Cost typical(int rounds, Run run) {
  std::vector<Cost> costs;
  costs.reserve(static_cast<std::size_t>(rounds));
  for (int round = 0; round < rounds; ++round) costs.push_back(run());
  return median(std::move(costs));
}

/// Up to the most that the language allows.
void compare_sizes(const Workshop& workshop, const char* what, const std::string& kind,
                   const std::vector<std::size_t>& counts) {
  std::printf("\n%-26s %12s %8s %12s %8s %14s\n", what, "check", "MB", "compile", "MB", "growth of CPU");
  Cost before{};
  for (const std::size_t count : counts) {
    const fs::path made = workshop.make(kind, count);
    const Cost check = typical(3, [&] { return workshop.check(made); });
    const Cost compile = typical(3, [&] { return workshop.compile(made); });
    std::printf("%26zu %10.2f s %8.0f %10.2f s %8.0f", count, check.cpu_seconds, check.megabytes, compile.cpu_seconds,
                compile.megabytes);
    if (before.cpu_seconds > 0) std::printf(" %13.1fx", compile.cpu_seconds / before.cpu_seconds);
    std::printf("\n");
    std::fflush(stdout);
    before = compile;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: portpolicy_bench PROGRAM [--quick]\n");
    return 2;
  }
  const bool quick = argc > 2 && std::string(argv[2]) == "--quick";
  std::string folder = (fs::temp_directory_path() / "portpolicy-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return std::perror("bench"), 1;
  const Workshop workshop{
      argv[1], (fs::canonical("/proc/self/exe").parent_path() / "portpolicy_bench_generate").string(), folder};

  compare_rules(workshop, quick ? std::vector<std::size_t>{100, 1'000}
                                : std::vector<std::size_t>{100, 1'000, 10'000, 100'000, 200'000});
  const fs::path siblings = workshop.make("siblings", 10'000);
  std::printf("\n");
  measure_one("check, 10,000 rules in two files that disagree nowhere",
              typical(3, [&] { return workshop.check(siblings); }));
  measure_one("compile of the same", typical(3, [&] { return workshop.compile(siblings); }));
  if (!quick) {
    compare_sizes(workshop, "included files", "includes", {16, 32, 64});
    compare_sizes(workshop, "prefixes in a list file", "list", {500'000, 1'000'000, 2'000'000});
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return 0;
}
