#include "cli/bounds_text.h"

#include "compiler/proof/bounds.h"

namespace portpolicy::cli {

namespace {

constexpr std::size_t most_boxes = 40, most_words = 8;

std::string services_of(const Box& box) {
  if (box.protocols.all()) return "any";
  std::vector<Transport> transports;
  for (std::size_t number = 0; number < box.protocols.size(); ++number)
    if (box.protocols[number])
      transports.push_back({Protocol{static_cast<std::uint8_t>(number)}, box.destination_ports, box.icmp});
  return listed_services(transports, most_words);
}

/// `22/tcp from office in eth0`
std::string said(const Box& box, Direction direction, const SetWords& words) {
  std::string text = services_of(box);
  const auto add = [&](std::string_view word, const AddressSet& set) {
    if (!set.is_all()) text += " " + std::string(word) + " " + listed(words.addresses(set), most_words);
  };
  add("from", box.source);
  add("to", box.destination);
  if (!box.source_ports.is_all()) text += " source-port " + to_string(box.source_ports);
  if (const std::string in = words.interfaces(box.in); direction != Direction::outbound && in != "*")
    text += " in " + in;
  if (const std::string out = words.interfaces(box.out); direction != Direction::inbound && out != "*")
    text += " out " + out;
  return text;
}

void add_boxes(std::string& text, std::string_view heading, const std::vector<Box>& boxes, Direction direction,
               const SetWords& words) {
  text += "  " + std::string(heading) + (boxes.empty() ? " nothing\n" : "\n");
  for (const Box& box : boxes) text += "    " + said(box, direction, words) + "\n";
}

}  // namespace

std::string bounds_text(const filter::Filter& filter, const SetWords& words) {
  std::string text;
  for (const Direction direction : directions) {
    if (!filter.hooks[static_cast<std::size_t>(direction)]) continue;
    text += std::string(to_string(direction)) + "\n";
    if (const auto found = proof::bounds(filter, direction, most_boxes)) {
      add_boxes(text, "surely allowed:", found->surely, direction, words);
      add_boxes(text, "perhaps allowed:", found->perhaps, direction, words);
    } else {
      text += "  what is allowed takes more than " + std::to_string(most_boxes) + " lines\n";
    }
  }
  return text;
}

}  // namespace portpolicy::cli
