#include "compiler/proof/bounds.h"

#include <algorithm>
#include <array>

namespace portpolicy::proof {
namespace {

Box openings(Direction direction) {
  Box box;
  box.states = StateSet::of(State::new_) | StateSet::of(State::untracked);
  const InterfaceSet others = subtract(InterfaceSet::all(), InterfaceSet::of({"lo", false}));
  if (direction != Direction::outbound) box.in = others;
  if (direction != Direction::inbound) box.out = others;
  return box;
}

bool alike_but_for_addresses(Box a, const Box& b) {
  a.source = b.source;
  a.destination = b.destination;
  return std::apply([&](auto... field) { return ((a.*field == b.*field) && ...); }, Box::fields());
}

/// What holds for all addresses of either family, in one box.
void join_families(std::vector<Box>& boxes) {
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    Box& box = boxes[i];
    if (!box.source.v4.is_all() || !box.destination.v4.is_all()) continue;
    const auto other =
        std::find_if(boxes.begin() + static_cast<std::ptrdiff_t>(i) + 1, boxes.end(), [&](const Box& each) {
          return each.source.v6.is_all() && each.destination.v6.is_all() && alike_but_for_addresses(box, each);
        });
    if (other == boxes.end()) continue;
    box.source = box.destination = AddressSet::all();
    boxes.erase(other);
  }
}

std::vector<Box> boxes_of(PacketSpace& space, const Diagram& set, std::size_t most) {
  std::vector<Box> boxes;
  for (PacketSpace::Part& part : space.parts(set, 0, field_count, most)) boxes.push_back(std::move(part.box));
  join_families(boxes);
  return boxes;
}

}  // namespace

std::expected<Bounds, Failure> bounds(const filter::Filter& filter, Direction direction, std::size_t most) {
  const std::optional<filter::Hook>& hook = filter.hooks[static_cast<std::size_t>(direction)];
  if (!hook) return Bounds{};
  if (const auto order = called_first(filter, hook->chain); !order) return std::unexpected(order.error());
  std::vector<const InterfaceSet*> sets = filter::interface_sets(filter);
  const Box asked = openings(direction);
  sets.insert(sets.end(), {&asked.in, &asked.out});
  const InterfaceClasses interfaces(sets);
  auto found =
      decide(interfaces, DiagramBudget{}, std::array<FieldOrder, 1>{field_orders.front()}, [&](PacketSpace& space) {
        const Diagram all = filter::meaning(filter, direction, space, filter::LimitWorld::either, {}).value();
        const Diagram asked_about = space.diagrams.within(all, space.of(asked, 1));
        const Diagram surely = filter::surely(space, asked_about, Verdict::allow);
        const Diagram possibly = filter::possibly(space, asked_about, Verdict::allow);
        // What is in both is taken out of the second.
        NewValues other{};
        other[1] = 2;
        const Diagram perhaps =
            space.diagrams.where(space.diagrams.over(space.diagrams.renamed(surely, other), possibly), only(1));
        return Bounds{boxes_of(space, surely, most), boxes_of(space, perhaps, most)};
      });
  if (!found) return std::unexpected(Failure(TooComplex{}));
  return *std::move(found);
}

}  // namespace portpolicy::proof
