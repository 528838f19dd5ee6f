#include "host/nftables/ask.h"

#include <utility>

#include "host/nftables/dump.h"
#include "host/nftables/translate.h"

namespace portpolicy::host {

std::expected<Asked, NotAsked> ask_kernel(std::string_view script) {
  const std::expected<Descriptor, NotAsked> socket = load_in_sandbox(script);
  if (!socket) return std::unexpected(socket.error());
  const Result<Held> held = dump(socket->number());
  if (!held) return std::unexpected(NotAsked{NotAsked::Why::refused, held.error().message});
  Asked asked{translate(*held), {}, {}};
  asked.not_understood = asked.filter.opaques;
  for (const HeldTable& table : *held) asked.tables.push_back(to_string(table));
  return asked;
}

}  // namespace portpolicy::host
