#include "compiler/checks/exposure.h"

#include <span>
#include <utility>

#include "compiler/checks/words.h"
#include "compiler/graph/boxes.h"
#include "compiler/registry/registry.h"

namespace portpolicy::checks {
namespace {

constexpr std::size_t most_listed = 6;  // services, by name

/// Packets from the internet that open a connection to a service, not over loopback.
std::vector<Box> from_the_internet(std::span<const registry::Use> uses, Direction direction) {
  const AddressSet internet = *registry::network_named("internet");
  std::vector<Box> boxes;
  for (const registry::Use& use : uses) {
    Box& box = boxes.emplace_back();
    box.protocols = ProtocolSet{}.set(use.protocol.number);
    box.destination_ports = PortSet::of({use.first.number(), use.last.number()});
    box.source = internet;
    box.states = opening_states;
    leave_out_loopback(box, direction);
  }
  return boxes;
}

}  // namespace

void Exposure::make() {
  any_ = space_.diagrams.constant(silent);
  for (const registry::Service& service : registry::services()) {
    if (service.sensitive.empty()) continue;
    services_.push_back({service, space_.of(from_the_internet(service.uses, direction_), 1)});
    any_ = space_.diagrams.over(*any_, services_.back().packets);
  }
}

void Exposure::look_at(Span where, const std::string& who, std::string help, const Diagram& allowed,
                       std::vector<Diagnostic>& findings) {
  if (direction_ == Direction::outbound) return;
  if (!any_) make();
  const Diagram open = space_.diagrams.within(*any_, allowed);
  if (!open.takes(1)) return;
  std::vector<std::string> names;
  std::string why;
  for (const Sensitive& one : services_) {
    if (!space_.diagrams.within(open, one.packets).takes(1)) continue;
    names.emplace_back(one.service.name);
    why = one.service.sensitive;
  }
  std::string message = who + " opens ";
  if (names.size() <= most_listed) {
    message += listed(names) + " to the internet";
    if (names.size() == 1) message += ": " + why;
  } else {
    message += std::to_string(names.size()) + " sensitive services to the internet, such as " +
               listed({names.begin(), names.begin() + 3});
  }
  Diagnostic finding{Code::exposed, Severity::warning, message, {where, ""}};
  finding.help = std::move(help);
  finding.witness = space_.example(open, only(1), direction_);
  findings.push_back(std::move(finding));
}

}  // namespace portpolicy::checks
