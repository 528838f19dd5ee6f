#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/host/support/network.h"

/// These tests need root, network namespaces and nftables. Without them they are skipped, with the reason and the exit
/// code 77; with PORTPOLICY_NO_SKIP=1 that is a failure.
int main(int count, char** words) {
  doctest::Context context(count, words);
  const std::string reason = portpolicy::host_tests::why_not_permitted();
  if (!reason.empty()) {
    const char* no_skip = std::getenv("PORTPOLICY_NO_SKIP");
    const bool must_run = no_skip != nullptr && std::string(no_skip) == "1";
    std::fprintf(stderr, "host_tests: %s: %s\n", must_run ? "FAILED" : "SKIPPED, nothing was tested", reason.c_str());
    return must_run ? 1 : 77;
  }
  return context.run();
}
