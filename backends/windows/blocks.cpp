#include "backends/windows/blocks.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "backends/windows/pieces.h"
#include "backends/windows/rule_maker.h"

namespace portpolicy::windows {
namespace {

/// Takes the packets of an allow out of the boxes; whether there were any. Nothing when the work is used up.
std::optional<bool> take_out(const Entry& allow, std::vector<Box>& boxes, Budget& work) {
  bool cut = false;
  for (const Box& taken : allow.boxes) {
    if (!work.spend(boxes.size())) return std::nullopt;
    if (std::ranges::all_of(boxes, [&](const Box& box) { return disjoint(box, taken); })) continue;
    cut = true;
    std::vector<Box> left;
    for (const Box& box : boxes) std::ranges::move(without(box, taken), std::back_inserter(left));
    boxes = std::move(left);
  }
  return cut;
}

/// The protocols of a box that some later allow lets pass, at least in part.
std::optional<ProtocolSet> allowed_later(const std::vector<Entry>& entries, std::size_t place, const Box& box,
                                         Budget& work) {
  ProtocolSet allowed;
  for (std::size_t later = place + 1; later < entries.size(); ++later) {
    if (!entries[later].allows) continue;
    if (!work.spend(entries[later].boxes.size())) return std::nullopt;
    for (const Box& let_pass : entries[later].boxes)
      if (!disjoint(box, let_pass)) allowed |= let_pass.protocols;
  }
  return allowed;
}

/// How many rules it will be, if no list is too long.
std::size_t rules_for(const std::vector<Box>& boxes) {
  std::size_t rules = 0;
  for (const Box& box : boxes) rules += box.protocols.all() ? 1 : box.protocols.count();
  return rules;
}

/// Boxes that were cut for one protocol's sake are joined again for all others.
void join_by_protocol(std::vector<Box>& boxes) {
  std::vector<Box> single;
  for (Box& box : boxes) {
    if (box.protocols.all()) {
      single.push_back(std::move(box));
      continue;
    }
    for (std::size_t number = 0; number < box.protocols.size(); ++number) {
      if (!box.protocols.test(number)) continue;
      single.push_back(box);
      single.back().protocols = ProtocolSet{}.set(number);
    }
  }
  merge(single);
  boxes = std::move(single);
}

/// Takes the protocols out that the default denies anyway and that could only be named one by one; false when the work is used
/// up.
bool leave_to_default(const std::vector<Entry>& entries, std::size_t place, Block& block, Budget& work) {
  for (Box& box : block.boxes) {
    const ProtocolSet others = named_one_by_one(box);
    if (others.none()) continue;
    const std::optional<ProtocolSet> needed = allowed_later(entries, place, box, work);
    if (!needed) return false;
    const ProtocolSet left = others & ~*needed;
    block.leaves_protocols_to_default |= left.any();
    box.protocols &= ~left;
  }
  std::erase_if(block.boxes, [](const Box& box) { return empty(box); });
  return true;
}

}  // namespace

std::expected<Block, Explosion> block_of(const std::vector<Entry>& entries, std::size_t place, bool default_denies,
                                         std::size_t most, Budget& work) {
  const Entry& deny = entries[place];
  Block block{deny.boxes, {}, {deny.origin, deny.origin}};
  std::size_t worst = 0;
  // The last ones first: where rules stand from the narrow to the wide, these leave least for the others to cut.
  for (std::size_t earlier = place; earlier-- > 0 && !block.boxes.empty();) {
    const Entry& allow = entries[earlier];
    if (!allow.allows) continue;
    const std::size_t before = rules_for(block.boxes);
    const std::optional<bool> cut = take_out(allow, block.boxes, work);
    if (cut == std::optional(true)) {
      merge(block.boxes);
      if (block.cut_by.empty() || block.cut_by.back() != allow.origin) block.cut_by.push_back(allow.origin);
      if (const std::size_t after = rules_for(block.boxes); after > before + worst) {
        worst = after - before;
        block.culprit.allow = allow.origin;
      }
    }
    if (!cut || block.boxes.size() > most) return std::unexpected(block.culprit);
  }
  std::ranges::reverse(block.cut_by);
  if (!block.cut_by.empty()) join_by_protocol(block.boxes);
  if (default_denies && !leave_to_default(entries, place, block, work)) return std::unexpected(block.culprit);
  return block;
}

}  // namespace portpolicy::windows
