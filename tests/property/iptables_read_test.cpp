#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "backends/iptables/read.h"
#include "compiler/diagnostics/source_map.h"
#include "tests/support/effort.h"
#include "tests/support/random_iptables.h"

// A walk through random rules, one by one, must give each packet the verdict that the filter gives which the text was read into.

using namespace portpolicy;

namespace {

/// Of what a filter calls by the name of a protocol over the other family, the packet does tell.
bool truth(const std::string& text, const test::Meeting& meeting) {
  if (!text.starts_with("protocol ")) return meeting.truths.at(text);
  return text == "protocol " + std::to_string(meeting.packet.protocol.number) + " over " +
                     std::string(to_string(meeting.packet.family()));
}

}  // namespace

TEST_CASE("a rule set that was read decides every packet as a walk through its rules") {
  for (std::uint64_t seed = 0; seed < test::trials(1500); ++seed) {
    using Rules = test::RandomRules;
    std::vector<Rules> rules{Rules(seed, Family::ipv4, Rules::For::reader),
                             Rules(seed, Family::ipv6, Rules::For::reader)};
    std::vector<test::NaiveTable> tables(2);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 2; ++i) {
      texts.push_back(rules[i].text(tables[i]));
      texts.push_back("#\n" + rules[i].sets() + "create other" + std::to_string(i) + " hash:net\n");
    }
    INFO("seed " << seed << "\n" << texts[0] << texts[1] << texts[2] << texts[3]);
    SourceMap sources;
    Diagnostics diagnostics;
    std::vector<iptables::Input> inputs;
    std::vector<FileId> files;
    for (const std::string& text : texts) files.push_back(sources.add("text", text));
    for (const FileId file : files) inputs.push_back({file, sources.text(file), std::nullopt});
    const auto reading = iptables::read(inputs, diagnostics);
    for (const Diagnostic& finding : diagnostics.all())
      FAIL(sources.begin(finding.primary.where).line << ": " << finding.message);
    REQUIRE(reading);
    REQUIRE(reading->families == 3);
    for (int i = 0; i < 300; ++i) {
      const std::size_t family = static_cast<std::size_t>(i % 2);
      const test::Meeting meeting = rules[family].meeting();
      const auto direction = static_cast<std::size_t>(meeting.packet.direction);
      const Verdict wanted = test::walk(tables[family], direction, meeting)
                                 .value_or(tables[family].drops[direction] ? Verdict::deny : Verdict::allow);
      filter::OpaqueTruths truths;
      for (const std::string& text : reading->filter.opaques)
        truths.push_back(text.starts_with("protocol ") || meeting.truths.contains(text) ? truth(text, meeting) : false);
      const auto holds = [&](filter::LimitId id) {
        const auto known = meeting.limits.find(reading->filter.limits[id.index].limit.rate);
        return known != meeting.limits.end() && known->second;
      };
      // Without a verdict, nobody manages the direction.
      const auto read = filter::evaluate(reading->filter, meeting.packet, holds, truths).verdict;
      if (read.value_or(Verdict::allow) == wanted) continue;
      FAIL(to_string(meeting.packet) << " should be " << to_string(wanted) << "\n" << filter::print(reading->filter));
    }
  }
}
