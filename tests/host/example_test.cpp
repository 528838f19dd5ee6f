#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/host/support/policed.h"
#include "tests/host/support/test_bed.h"

namespace portpolicy::host_tests {

TEST_CASE("the kernel takes every example and every starter, and twice is as once") {
  std::vector<std::filesystem::path> policies;
  for (const auto& entry : std::filesystem::directory_iterator(PORTPOLICY_SOURCE_DIR "/examples"))
    if (std::filesystem::exists(entry.path() / "policy.yaml")) policies.push_back(entry.path() / "policy.yaml");
  REQUIRE_FALSE(policies.empty());
  const std::size_t examples = policies.size();
  for (const auto& entry : std::filesystem::directory_iterator(PORTPOLICY_SOURCE_DIR "/policies/starters"))
    policies.push_back(entry.path());
  REQUIRE(policies.size() > examples);
  std::ranges::sort(policies);
  for (const std::filesystem::path& policy : policies) {
    INFO(policy.string());
    const Result<Artifact> artifact = compile_file(policy);
    if (!artifact) FAIL(artifact.error().message);
    const TestBed bed;
    nft(artifact->script);
    const std::string once = nft_list();
    CHECK(once.contains(" portpolicy {"));
    nft(artifact->script);
    CHECK(nft_list() == once);
  }
}

}  // namespace portpolicy::host_tests
