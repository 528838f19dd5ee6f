#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "backends/nftables/read.h"
#include "compiler/filter/calls.h"

using namespace portpolicy;

// Whatever the bytes: the reader says what is wrong, or makes a filter that has a meaning, in which each condition that is
// not understood is listed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string script(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto reading = nft::read(script, FileId(0), diagnostics);
  if (reading.has_value() == diagnostics.has_errors()) std::abort();
  if (!reading) return 0;
  if (!reading->filter.opaques.empty() && reading->not_understood.empty()) std::abort();
  for (const auto& hook : reading->filter.hooks)
    if (hook && !filter::called_first(reading->filter, hook->chain)) std::abort();
  Packet packet;
  packet.source = packet.destination = {Family::ipv6, 1};
  packet.protocol = protocols::tcp;
  const filter::OpaqueTruths truths(reading->filter.opaques.size(), true);
  filter::evaluate(reading->filter, packet, false, truths);
  return 0;
}
