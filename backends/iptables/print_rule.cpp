#include "backends/iptables/print_rule.h"

#include <string_view>
#include <utility>

#include "backends/common/limits.h"
#include "backends/common/numbers.h"
#include "compiler/base/overloaded.h"

namespace portpolicy::iptables {
namespace {

/// What `-m limit` can say; `-m hashlimit` can say more.
constexpr std::uint32_t most_a_second = 10'000;
constexpr std::uint32_t most_burst = 10'000;

std::string_view state_word(State state) {
  switch (state) {
    case State::new_:
      return "NEW";
    case State::established:
      return "ESTABLISHED";
    case State::related:
      return "RELATED";
    case State::invalid:
      return "INVALID";
    case State::untracked:
      return "UNTRACKED";
  }
  std::unreachable();
}

class Line {
 public:
  Line(std::string& text, const Table& table) : text_(text), table_(table) {}

  void put(std::string_view text) { text_ += text; }
  void put(std::uint64_t number) { backend::append_number(text_, number); }

  void match(const AddressIn& in) {
    const bool source = in.side == Side::source;
    if (const auto prefix = as_prefix(in.range)) {
      put(source ? " -s " : " -d ");
      backend::append_prefix(text_, *prefix);
    } else {
      put(source ? " -m iprange --src-range " : " -m iprange --dst-range ");
      put(to_string(in.range));
    }
  }
  void match(const InterfaceIs& is) {
    if (is.negated) put(" !");
    put(is.side == Side::source ? " -i " : " -o ");
    put(is.pattern.text);
    if (is.pattern.wildcard) put("+");
  }
  void match(const ProtocolIs& is) {
    put(" -p ");
    put(protocol_word(is.protocol));
  }
  void match(const PortIn& in) {
    const bool source = in.side == Side::source;
    const bool plain = in.ports.size() == 1 && (in.protocol == protocols::tcp || in.protocol == protocols::udp);
    const std::string_view module = plain ? in.protocol == protocols::tcp ? "tcp" : "udp" : "multiport";
    if (!plain || module_ != module) {
      put(" -m ");
      put(module);
    }
    module_ = module;
    put(source ? " --sport" : " --dport");
    put(plain ? " " : "s ");
    for (std::size_t i = 0; i < in.ports.size(); ++i) {
      if (i != 0) put(",");
      put(in.ports[i].first);
      if (in.ports[i].first == in.ports[i].last) continue;
      put(":");
      put(in.ports[i].last);
    }
  }
  void match(const IcmpIs& is) {
    put(table_.family == Family::ipv4 ? " -m icmp --icmp-type " : " -m icmp6 --icmpv6-type ");
    put(is.type);
    if (!is.code) return;
    put("/");
    put(*is.code);
  }
  void match(const InSet& in) {
    const Set& set = table_.sets[in.set.index];
    put(" -m set --match-set ");
    put(set.name);
    put(in.side == Side::source ? " src" : " dst");
    if (set.ports) put(",dst");
  }
  void match(const StateIn& in) {
    put(" -m conntrack --ctstate ");
    bool first = true;
    for (const State state : states) {
      if (!in.states.contains(state)) continue;
      if (!std::exchange(first, false)) put(",");
      put(state_word(state));
    }
  }

  void limit(const Bucket& bucket) {
    const Limit& limit = bucket.limit;
    const bool plain = !limit.per_source && bucket.rules == 1 && limit.burst <= most_burst &&
                       limit.rate <= std::uint64_t{most_a_second} * seconds_in(limit.unit);
    put(plain ? " -m limit --limit " : " -m hashlimit --hashlimit-upto ");
    put(limit.rate);
    put("/");
    put(to_string(limit.unit));
    put(plain ? " --limit-burst " : " --hashlimit-burst ");
    put(limit.burst);
    if (plain) return;
    if (limit.per_source) {
      put(" --hashlimit-mode srcip");
      if (table_.family == Family::ipv6) {
        put(" --hashlimit-srcmask ");
        put(backend::source_bits_v6);
      }
    }
    put(" --hashlimit-name ");
    put(bucket.name);
    if (limit.per_source) {
      put(" --hashlimit-htable-max ");
      put(backend::source_table_size);
    }
    put(" --hashlimit-htable-expire ");
    put(backend::source_timeout(limit) * 1000);
  }

  void answer(Answer answer) {
    switch (answer) {
      case Answer::accept:
        return put(" -j ACCEPT");
      case Answer::drop:
        return put(" -j DROP");
      case Answer::reset:
        return put(" -j REJECT --reject-with tcp-reset");
      case Answer::admin_prohibited:
        return put(table_.family == Family::ipv4 ? " -j REJECT --reject-with icmp-admin-prohibited"
                                                 : " -j REJECT --reject-with icmp6-adm-prohibited");
    }
  }

  void action(const Action& action) {
    std::visit(Overloaded{
                   [&](Answer a) { answer(a); },
                   [&](const Jump& jump) {
                     put(" -j ");
                     put(table_.chains[jump.chain.index].name);
                   },
                   [&](const Goto& go) {
                     put(" -g ");
                     put(table_.chains[go.chain.index].name);
                   },
                   [&](Return) { put(" -j RETURN"); },
                   [&](const LogLine& log) {
                     put(" -j LOG --log-prefix \"");
                     put(log.prefix);
                     put("\" --log-level 6");
                   },
               },
               action);
  }

 private:
  std::string& text_;
  const Table& table_;
  std::string_view module_;  ///< of the ports that were asked for last
};

}  // namespace

std::string protocol_word(Protocol protocol) {
  if (protocol == protocols::tcp) return "tcp";
  if (protocol == protocols::udp) return "udp";
  if (protocol == protocols::udplite) return "udplite";
  if (protocol == protocols::sctp) return "sctp";
  if (protocol == protocols::icmp) return "icmp";
  if (protocol == protocols::icmpv6) return "ipv6-icmp";
  if (protocol == protocols::esp) return "esp";
  if (protocol == protocols::ah) return "ah";
  return std::to_string(protocol.number);
}

void append_rule(std::string& text, const Ruleset& ruleset, const Table& table, const Chain& chain, const Rule& rule) {
  Line line(text, table);
  line.put("-A ");
  line.put(chain.name);
  for (const Match& match : rule.all_of) std::visit([&](const auto& m) { line.match(m); }, match);
  if (rule.limit) line.limit(table.buckets[rule.limit->index]);
  if (std::holds_alternative<LogLine>(rule.action)) {
    line.put(" -m limit --limit ");
    line.put(backend::log_lines_per_second);
    line.put("/second --limit-burst ");
    line.put(backend::log_burst);
  }
  line.put(" -m comment --comment \"");
  line.put(ruleset.comments[rule.comment]);
  line.put("\"");
  line.action(rule.action);
  line.put("\n");
}

}  // namespace portpolicy::iptables
