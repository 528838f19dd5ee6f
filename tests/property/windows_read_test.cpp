#include <doctest/doctest.h>

#include <string>

#include "backends/windows/read.h"
#include "backends/windows/read_program.h"
#include "tests/support/effort.h"
#include "tests/support/random_windows_rules.h"

// Windows' order of rules, asked of random rules one by one, must give each packet the verdict that the filter gives which the
// text was read into.

using namespace portpolicy;

namespace {

bool truth(const std::string& text, const test::WindowsMeeting& meeting) {
  if (text == "Profile Domain") return meeting.profile == 0;
  if (text == "Profile Private") return meeting.profile == 1;
  if (text == "RemoteAddress LocalSubnet") return meeting.from_subnet;
  if (text == "LocalPort RPC") return meeting.to_rpc;
  if (text == "protocol 2 over IPv6")
    return meeting.packet.protocol == protocols::igmp && meeting.packet.family() == Family::ipv6;
  REQUIRE_MESSAGE(text.starts_with("Program p"), text);
  return text == "Program p" + std::to_string(meeting.program);
}

void compare(std::uint64_t seed, bool foreign) {
  test::RandomWindows random(seed);
  const test::WindowsMachine machine = random.machine(foreign);
  const std::string text = foreign ? machine.as_export() : machine.as_script(windows::text::digest);
  INFO("seed " << seed << "\n" << text);
  Diagnostics diagnostics;
  const auto reading =
      foreign ? windows::read_export(text, FileId(0), diagnostics) : windows::read_script(text, FileId(0), diagnostics);
  for (const Diagnostic& finding : diagnostics.all()) FAIL(finding.primary.where.begin << ": " << finding.message);
  REQUIRE(reading);
  for (int i = 0; i < 200; ++i) {
    const test::WindowsMeeting meeting = random.meeting();
    filter::OpaqueTruths truths;
    for (const std::string& condition : reading->filter.opaques) truths.push_back(truth(condition, meeting));
    const Verdict wanted = machine.decide(meeting);
    if (filter::evaluate(reading->filter, meeting.packet, false, truths).verdict == wanted) continue;
    FAIL(to_string(meeting.packet) << " should be " << to_string(wanted) << "\n" << filter::print(reading->filter));
  }
}

}  // namespace

TEST_CASE("an export that was read decides every packet as Windows says") {
  for (std::uint64_t seed = 0; seed < test::trials(2000); ++seed) compare(seed, true);
}

TEST_CASE("a script that was read decides every packet as Windows says") {
  for (std::uint64_t seed = 0; seed < test::trials(2000); ++seed) compare(seed, false);
}
