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

}  // namespace

std::expected<Block, Explosion> block_of(const std::vector<Entry>& entries, std::size_t place, bool default_denies,
                                         std::size_t most, Budget& work) {
  const Entry& deny = entries[place];
  Block block{deny.boxes, {}, 0};
  Explosion culprit{deny.origin, deny.origin};
  std::size_t worst = 0;
  // The last ones first: where rules stand from the narrow to the wide, these leave least for the others to cut.
  for (std::size_t earlier = place; earlier-- > 0 && !block.boxes.empty();) {
    const Entry& allow = entries[earlier];
    if (!allow.allows) continue;
    const std::size_t before = block.boxes.size();
    const std::optional<bool> cut = take_out(allow, block.boxes, work);
    if (block.boxes.size() > before + worst) {
      worst = block.boxes.size() - before;
      culprit.allow = allow.origin;
    }
    if (cut == std::optional(true)) {
      merge(block.boxes);
      if (block.cut_by.empty() || block.cut_by.back() != allow.origin) block.cut_by.push_back(allow.origin);
    }
    if (!cut || block.boxes.size() > most) return std::unexpected(culprit);
  }
  std::ranges::reverse(block.cut_by);
  if (!default_denies) return block;
  for (Box& box : block.boxes) {
    const ProtocolSet others = named_one_by_one(box);
    if (others.none()) continue;
    const std::optional<ProtocolSet> needed = allowed_later(entries, place, box, work);
    if (!needed) return std::unexpected(culprit);
    const ProtocolSet left = others & ~*needed;
    block.left_to_default = std::max(block.left_to_default, left.count());
    box.protocols &= ~left;
  }
  std::erase_if(block.boxes, [](const Box& box) { return empty(box); });
  return block;
}

}  // namespace portpolicy::windows
