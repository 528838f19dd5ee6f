#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "backends/windows/read.h"
#include "compiler/filter/calls.h"

using namespace portpolicy;

// Whatever the bytes: the readers say what is wrong, or make a filter that has a meaning, in which each condition that is
// not understood is listed. The first byte says which of the two: `s` for a script, else an export.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Diagnostics diagnostics;
  const auto reading = data[0] == 's' ? windows::read_script(text, FileId(0), diagnostics)
                                      : windows::read_export(text, FileId(0), diagnostics);
  for (const Diagnostic& finding : diagnostics.all())
    if (finding.primary.where.begin > text.size() || finding.primary.where.end > text.size()) std::abort();
  if (reading.has_value() == diagnostics.has_errors()) std::abort();
  if (!reading) return 0;
  if (!reading->filter.opaques.empty() && reading->not_understood.empty()) std::abort();
  if (reading->filter.hooks[2] || reading->managed[2]) std::abort();
  for (const filter::Origin& origin : reading->filter.origins)
    if (origin.where.begin >= origin.where.end || origin.where.end > text.size()) std::abort();
  for (const Direction direction : {Direction::inbound, Direction::outbound}) {
    const auto& hook = reading->filter.hooks[static_cast<std::size_t>(direction)];
    if (hook.has_value() != reading->managed[static_cast<std::size_t>(direction)]) std::abort();
    if (hook && !filter::called_first(reading->filter, hook->chain)) std::abort();
    for (const Family family : families) {
      Packet packet;
      packet.direction = direction;
      packet.source = packet.destination = {family, 7};
      packet.protocol = protocols::tcp;
      filter::evaluate(reading->filter, packet, false, filter::OpaqueTruths(reading->filter.opaques.size(), true));
    }
  }
  return 0;
}
