#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "backends/iptables/read.h"
#include "compiler/filter/calls.h"

using namespace portpolicy;

// Whatever the bytes: the reader says what is wrong, or makes a filter that has a meaning, in which each condition that is
// not understood is listed. A line of four equals signs ends one text and begins the next.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string all(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> texts;
  for (std::size_t begin = 0; begin <= all.size();) {
    const std::size_t end = std::min(all.find("====\n", begin), all.size());
    texts.push_back(all.substr(begin, end - begin));
    begin = end + 5;
  }
  std::vector<iptables::Input> inputs;
  for (const std::string& text : texts) inputs.push_back({FileId(inputs.size()), text, std::nullopt});
  Diagnostics diagnostics;
  const auto reading = iptables::read(inputs, diagnostics);
  if (reading.has_value() == diagnostics.has_errors()) std::abort();
  if (!reading) return 0;
  if (!reading->filter.opaques.empty() && reading->not_understood.empty()) std::abort();
  for (const auto& hook : reading->filter.hooks)
    if (hook && !filter::called_first(reading->filter, hook->chain)) std::abort();
  for (const Family family : families) {
    Packet packet;
    packet.source = packet.destination = {family, 1};
    packet.protocol = protocols::tcp;
    const filter::OpaqueTruths truths(reading->filter.opaques.size(), true);
    filter::evaluate(reading->filter, packet, false, truths);
  }
  return 0;
}
