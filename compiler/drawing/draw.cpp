#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "compiler/base/words.h"
#include "compiler/drawing/drawing.h"
#include "compiler/drawing/file_order.h"
#include "compiler/drawing/rule_text.h"
#include "compiler/drawing/together.h"
#include "compiler/graph/boxes.h"

namespace portpolicy::drawing {
namespace {

Node::Kind kind_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
      return Node::Kind::allow;
    case Verdict::deny:
      return Node::Kind::deny;
    case Verdict::reject:
      return Node::Kind::reject;
  }
  std::unreachable();
}

// `PP301, PP313 x 2`
std::string marks(const Counts& counts) {
  std::string text;
  for (const auto& [code, count] : counts)
    text += (text.empty() ? "" : ", ") + to_string(code) + (count == 1 ? "" : " x " + std::to_string(count));
  return text;
}

// What is given to all directions alike.
struct Material {
  const syntax::Policy& policy;
  const Graph& graph;
  const std::vector<Diagnostic>& findings;
  const SourceMap& sources;
  bool rule_by_rule;
};

// One direction of the policy.
class Picture {
 public:
  Picture(const Material& material, Direction direction, Drawing& drawing)
      : material_(material),
        direction_(direction),
        section_(material.graph.section(direction)),
        files_(files_in_order(material.policy, section_)),
        together_(take_part(material.graph, direction, material.findings)),
        drawing_(drawing) {}

  Group draw();

 private:
  // Where edges from and to a file end.
  struct Ends {
    std::string first, last, group;
    bool led_to = false, leads = false;  // by or to another file of its tier
  };

  std::string id(std::string_view what, std::size_t number) const {
    return std::string(to_string(direction_)) + "_" + std::string(what) + std::to_string(number);
  }
  std::string node_of(std::size_t rule) const {
    return material_.rule_by_rule ? id("rule", rule) : id("file", section_.rules[rule].file);
  }
  std::string place(Span where) const {
    return material_.sources.path(where.file) + ":" + std::to_string(material_.sources.begin(where).line);
  }
  std::string short_name(const std::string& name, Span where) const;

  Node rule_node(std::size_t index) const;
  std::string others_in(std::size_t index, Code code) const;
  Node file_node(const FileRules& file) const;
  Node claim_node(const BrokenClaim& broken, std::size_t number) const;
  Group file_group(const FileRules& file) const;
  void add_files(Group& direction) const;
  void add_claims(Group& direction);

  void chain_and_includes();
  void overrides();
  void findings();
  std::string base_traffic_text() const;
  void order_of_layers(Group& direction);
  void connect(const std::vector<const Ends*>& above, const std::string& group_above,
               const std::vector<const Ends*>& below, const std::string& group_below, Group& joints);

  const Material& material_;
  Direction direction_;
  const Section& section_;
  std::vector<FileRules> files_;
  std::vector<Ends> ends_;  // of files_
  Together together_;
  Drawing& drawing_;
};

// --- nodes ---

// A place as a name, `team/web.yaml:inbound[0]`, without the file, in whose frame it stands.
std::string Picture::short_name(const std::string& name, Span where) const {
  const std::string file = material_.sources.title(where.file) + ":";
  return name.starts_with(file) ? name.substr(file.size()) : name;
}

Node Picture::rule_node(std::size_t index) const {
  const Rule& rule = section_.rules[index];
  const std::uint32_t line = material_.sources.begin(rule.where).line;
  Node node{kind_of(rule.verdict), node_of(index), {}, place(rule.where)};
  node.lines.push_back(short_name(rule.name, rule.where) + "  (line " + std::to_string(line) + ")");
  std::ranges::move(in_words(said(written(material_.policy, rule, direction_), material_.policy)),
                    std::back_inserter(node.lines));
  if (const auto about = together_.about.find(index); about != together_.about.end())
    for (const auto& [code, count] : about->second)
      node.lines.push_back(marks({{code, count}}) + others_in(index, code));
  return node;
}

// Lines are hard to follow where there are many: the rules at their other ends are named too.
std::string Picture::others_in(std::size_t index, Code code) const {
  constexpr std::size_t most = 3;
  std::string text;
  std::size_t named = 0;
  for (auto pair = together_.pairs.lower_bound({index, 0, Code{}}); pair != together_.pairs.end(); ++pair) {
    const auto& [rule, other, of] = pair->first;
    if (rule != index) break;
    if (of != code) continue;
    if (named++ == most) return text + ", ...";
    const Rule& beside = section_.rules[other];
    const bool same_file = beside.file == section_.rules[index].file;
    text += (text.empty() ? ": " : ", ") + (same_file ? short_name(beside.name, beside.where) : beside.name);
  }
  return text;
}

Node Picture::file_node(const FileRules& file) const {
  std::array<std::size_t, 3> verdicts{};
  Counts about;
  for (const std::size_t rule : file.rules) {
    ++verdicts[static_cast<std::size_t>(section_.rules[rule].verdict)];
    if (const auto found = together_.about.find(rule); found != together_.about.end())
      for (const auto& [code, count] : found->second) about[code] += count;
  }
  Node node{Node::Kind::files, id("file", file.file), {material_.policy.files[file.file].title}, ""};
  node.lines.push_back(counted(file.rules.size(), "rule"));
  for (const Verdict verdict : {Verdict::allow, Verdict::deny, Verdict::reject})
    if (const std::size_t count = verdicts[static_cast<std::size_t>(verdict)]; count != 0)
      node.lines.push_back("  " + std::to_string(count) + " " + std::string(to_string(verdict)));
  if (!about.empty()) node.lines.push_back(marks(about));
  return node;
}

Group Picture::file_group(const FileRules& file) const {
  Group group{Group::Kind::file, "cluster_" + id("file", file.file), material_.policy.files[file.file].title};
  for (const std::size_t rule : file.rules) group.nodes.push_back(rule_node(rule));
  return group;
}

void Picture::add_files(Group& direction) const {
  std::set<Tier> tiers;
  for (const FileRules& file : files_) tiers.insert(file.tier);
  Group* frame = &direction;
  std::optional<Tier> current;
  for (const FileRules& file : files_) {
    if (tiers.size() > 1 && current != file.tier) {
      direction.groups.push_back({Group::Kind::tier, "cluster_" + id("tier", static_cast<std::size_t>(file.tier)),
                                  "tier: " + std::string(to_string(file.tier))});
      frame = &direction.groups.back();
      current = file.tier;
    }
    if (material_.rule_by_rule) frame->groups.push_back(file_group(file));
    else frame->nodes.push_back(file_node(file));
  }
}

// --- what comes before what ---

void Picture::chain_and_includes() {
  for (const FileRules& file : files_) {
    ends_.push_back({node_of(file.rules.front()), node_of(file.rules.back()),
                     material_.rule_by_rule ? "cluster_" + id("file", file.file) : ""});
    if (!material_.rule_by_rule) continue;
    for (std::size_t i = 1; i < file.rules.size(); ++i)
      drawing_.edges.push_back({Edge::Kind::next, node_of(file.rules[i - 1]), node_of(file.rules[i])});
  }
  for (const auto& [above, below] : includes_between(material_.policy, files_)) {
    Ends &from = ends_[above], &to = ends_[below];
    from.leads = to.led_to = true;
    drawing_.edges.push_back({Edge::Kind::includes, from.last, to.first, from.group, to.group, "includes"});
  }
}

// All that are written are drawn, also those that say what is so anyway.
void Picture::overrides() {
  std::map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < section_.rules.size(); ++i) by_name.emplace(section_.rules[i].name, i);
  std::map<std::uint32_t, Ends*> by_file;
  for (std::size_t i = 0; i < files_.size(); ++i) by_file.emplace(files_[i].file, &ends_[i]);
  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  for (std::size_t i = 0; i < section_.rules.size(); ++i)
    for (const auto& name : written(material_.policy, section_.rules[i], direction_).overrides) {
      const auto target = by_name.find(name.value);
      if (target == by_name.end()) continue;  // expired, or reported
      const Rule &above = section_.rules[i], &below = section_.rules[target->second];
      const std::string from = node_of(i), to = node_of(target->second);
      if (from == to) continue;
      ++counts[{from, to}];
      if (above.tier != below.tier || !section_.precedence.before(above, below)) continue;
      if (from == by_file.at(above.file)->last) by_file.at(above.file)->leads = true;
      if (to == by_file.at(below.file)->first) by_file.at(below.file)->led_to = true;
    }
  for (const auto& [pair, count] : counts)
    drawing_.edges.push_back({Edge::Kind::overrides, pair.first, pair.second, "", "",
                              "overrides" + (count == 1 ? "" : " x " + std::to_string(count))});
}

// All of `above` come before all of `below`. Where both are many a joint keeps the edges few, and one edge shows what
// they mean together.
void Picture::connect(const std::vector<const Ends*>& above, const std::string& group_above,
                      const std::vector<const Ends*>& below, const std::string& group_below, Group& joints) {
  const auto edge = [&](Edge::Kind kind, const Ends& from, const Ends& to) {
    drawing_.edges.push_back({kind, from.last, to.first, group_above.empty() ? from.group : group_above,
                              group_below.empty() ? to.group : group_below});
  };
  if (above.size() > 1 && below.size() > 1) {
    const std::string joint = id("joint", joints.nodes.size());
    joints.nodes.push_back({Node::Kind::joint, joint, {}});
    for (const Ends* from : above) drawing_.edges.push_back({Edge::Kind::unseen, from->last, joint});
    for (const Ends* to : below) drawing_.edges.push_back({Edge::Kind::unseen, joint, to->first});
    edge(Edge::Kind::before, *above.front(), *below.front());
    return;
  }
  for (const Ends* from : above)
    for (const Ends* to : below) {
      const bool shown = (group_above.empty() || from == above.front()) && (group_below.empty() || to == below.front());
      edge(shown ? Edge::Kind::before : Edge::Kind::unseen, *from, *to);
    }
}

std::string Picture::base_traffic_text() const {
  std::string text;
  for (const Base base : syntax::all_bases)
    if (material_.graph.base.contains(base) && !boxes_of(base, direction_).empty())
      text += " " + std::string(to_string(base));
  return "base traffic:" + (text.empty() ? " none" : text);
}

// Base traffic, the tiers, the default.
void Picture::order_of_layers(Group& direction) {
  direction.nodes.push_back({Node::Kind::base, id("base", 0), {base_traffic_text()}});
  direction.nodes.push_back(
      {Node::Kind::otherwise, id("otherwise", 0), {"all else: " + upper(to_string(section_.otherwise))}});
  const Ends base_ends{id("base", 0), id("base", 0), ""}, otherwise_ends{id("otherwise", 0), id("otherwise", 0), ""};

  std::vector<const Ends*> above{&base_ends};
  std::string group_above;
  const bool tiers = !files_.empty() && files_.front().tier != files_.back().tier;
  for (std::size_t i = 0; i < files_.size();) {
    const Tier tier = files_[i].tier;
    const std::string group = tiers ? "cluster_" + id("tier", static_cast<std::size_t>(tier)) : "";
    std::vector<const Ends*> first, last;
    for (; i < files_.size() && files_[i].tier == tier; ++i) {
      if (!ends_[i].led_to) first.push_back(&ends_[i]);
      if (!ends_[i].leads) last.push_back(&ends_[i]);
    }
    connect(above, group_above, first, group, direction);
    above = std::move(last);
    group_above = group;
  }
  connect(above, group_above, {&otherwise_ends}, "", direction);
}

// --- findings ---

Node Picture::claim_node(const BrokenClaim& broken, std::size_t number) const {
  const Claim& claim = *broken.claim;
  Node node{Node::Kind::claim, id("claim", number), {}, place(claim.where)};
  const auto& file = *std::ranges::find(material_.policy.files, claim.where.file, &syntax::File::source);
  node.lines.push_back(claim.name + "  (line " + std::to_string(material_.sources.begin(claim.where).line) + ")");
  const auto& entries =
      claim.kind == Claim::Kind::management ? file.management : file.tests[static_cast<std::size_t>(direction_)];
  std::ranges::move(in_words(said(*std::ranges::find(entries, claim.where, &syntax::Claim::where), material_.policy)),
                    std::back_inserter(node.lines));
  node.lines.push_back("does not hold: " + to_string(broken.code));
  return node;
}

void Picture::add_claims(Group& direction) {
  const std::size_t drawn = material_.rule_by_rule ? std::min(together_.broken.size(), most_broken) : 0;
  if (const std::size_t more = together_.broken.size() - drawn; more != 0)
    drawing_.notes.push_back("Of " + std::string(to_string(direction_)) + " " + std::to_string(more) +
                             (drawn == 0 ? "" : " more") + " tests or claims do not hold.");
  for (std::size_t i = 0; i < drawn; ++i) {
    const BrokenClaim& broken = together_.broken[i];
    drawing_.codes.insert(broken.code);
    direction.nodes.push_back(claim_node(broken, i));
    std::vector<std::string> deciders;
    for (const std::size_t rule : broken.rules) deciders.push_back(node_of(rule));
    if (deciders.empty()) deciders.push_back(id(broken.by_base ? "base" : "otherwise", 0));
    for (const std::string& decider : deciders)
      drawing_.edges.push_back(
          {Edge::Kind::decides, decider, id("claim", i), "", "", to_string(broken.code), broken.code});
  }
}

void Picture::findings() {
  for (const auto& [rule, counts] : together_.about)
    for (const auto& [code, count] : counts) drawing_.codes.insert(code);
  std::map<std::tuple<std::string, std::string, Code>, std::size_t> edges;
  for (const auto& [key, count] : together_.pairs) {
    const auto& [rule, other, code] = key;
    const std::string from = node_of(std::min(rule, other)), to = node_of(std::max(rule, other));
    if (from != to) edges[{from, to, code}] += count;
  }
  for (const auto& [key, count] : edges) {
    const auto& [from, to, code] = key;
    drawing_.edges.push_back({Edge::Kind::finding, from, to, "", "", marks({{code, count}}), code});
  }
}

Group Picture::draw() {
  Group group{Group::Kind::direction, "cluster_" + std::string(to_string(direction_)),
              std::string(to_string(direction_))};
  add_files(group);
  chain_and_includes();
  overrides();
  order_of_layers(group);
  findings();
  add_claims(group);
  return group;
}

}  // namespace

Drawing draw(const syntax::Policy& policy, const Graph& graph, const std::vector<Diagnostic>& findings,
             const SourceMap& sources, const std::vector<Direction>& directions) {
  std::size_t rules = 0;
  for (const Direction direction : directions) rules += graph.section(direction).rules.size();
  const Material material{policy, graph, findings, sources, rules <= most_rules};
  Drawing drawing;
  drawing.title = policy.files.front().title + ", " + counted(rules, "rule");
  if (!material.rule_by_rule)
    drawing.notes.push_back("More than " + std::to_string(most_rules) +
                            " rules: each file is drawn with its counts, not each rule.");
  for (const Direction direction : directions) {
    if (graph.section(direction).managed) drawing.groups.push_back(Picture(material, direction, drawing).draw());
    else drawing.notes.push_back(std::string(to_string(direction)) + " is not managed: nothing is installed for it.");
  }
  return drawing;
}

}  // namespace portpolicy::drawing
