#include "compiler/syntax/language.h"

#include <array>

namespace portpolicy::syntax {
namespace {

constexpr std::array<std::string_view, 3> tiers{"mandatory", "normal", "baseline"};
constexpr std::array<std::string_view, 5> bases{"loopback", "icmp", "address", "established", "invalid"};
constexpr std::array<std::string_view, 3> verdicts{"allow", "deny", "reject"};
constexpr std::array<std::string_view, 4> fallbacks{"allow", "deny", "reject", "unmanaged"};
constexpr std::array<std::string_view, 5> states{"new", "established", "related", "invalid", "untracked"};

constexpr Key allow{"allow", Form::service, "let these services pass"};
constexpr Key deny{"deny", Form::service, "drop these services without an answer"};
constexpr Key reject{"reject", Form::service, "refuse these services with an answer to the sender"};
constexpr Key from{"from", Form::network, "where the packets come from; anywhere unless given"};
constexpr Key to{"to", Form::network, "where the packets go to; anywhere unless given"};
constexpr Key in{"in", Form::interface, "the interface by which they come in; not in outbound"};
constexpr Key out{"out", Form::interface, "the interface by which they leave; not in inbound"};
constexpr Key source_port{"source-port", Form::ports, "the port they come from; any unless given"};
constexpr Key comment{"comment", Form::text, "why it is there, for people"};

constexpr std::array policy_table{
    Key{"portpolicy", Form::version, "the version of the policy language: 1; every file says it"},
    Key{"tier", Form::word, "rules of a higher tier come before those of a lower one; `normal` unless given", tiers},
    Key{"include", Form::includes, "files that belong to this policy: relative paths, or `<name>` from the library"},
    Key{"networks", Form::networks, "names for addresses"},
    Key{"services", Form::services, "names for ports and protocols"},
    Key{"interfaces", Form::interfaces, "names for network interfaces"},
    Key{"defaults", Form::defaults, "what happens to packets that no rule matches"},
    Key{"base", Form::words, "the kinds of traffic decided before any rule; all of them unless given", bases},
    Key{"inbound", Form::rules, "rules for packets to this host, first match wins"},
    Key{"outbound", Form::rules, "rules for packets from this host"},
    Key{"forward", Form::rules, "rules for packets that pass through this host"},
    Key{"management", Form::management, "access that no change of the policy may take away"},
    Key{"tests", Form::tests, "what must hold, proven for every packet described"},
    Key{"waive", Form::rule_waivers, "warnings about rules of included files that are known and accepted"},
};

constexpr std::array rule_table{
    allow,
    deny,
    reject,
    from,
    Key{"only-from", Form::network, "like `from`, and a claim that nobody else reaches the service by any rule"},
    to,
    in,
    out,
    source_port,
    Key{"name", Form::name, "what messages and other rules call this rule"},
    comment,
    Key{"owner", Form::text, "who answers for it"},
    Key{"ticket", Form::text, "where it was asked for"},
    Key{"until", Form::date, "the last day on which the rule holds"},
    Key{"log", Form::log, "whether to log packets that match; or the text that begins the log line"},
    Key{"limit", Form::limit, "how many packets this allow takes; others go on to the next rules"},
    Key{"overrides", Form::names, "rules that this one comes before"},
    Key{"waive", Form::waivers, "warnings about this rule that are known and accepted, each with a reason"},
};

constexpr std::array management_table{
    Key{"allow", Form::service, "services that must stay reachable"}, from,    to, in, source_port,
    Key{"name", Form::name, "what messages call this entry"},         comment,
};

constexpr std::array test_table{
    Key{"allow", Form::service, "all of these packets pass"},
    Key{"deny", Form::service, "none of these packets passes"},
    Key{"reject", Form::service, "each of these packets is refused with an answer"},
    from,
    to,
    in,
    out,
    source_port,
    Key{"state", Form::words, "the connection states asked about; new and untracked unless given", states},
    Key{"name", Form::name, "what messages call this test"},
    comment,
};

constexpr std::array network_table{
    Key{"any", Form::network, "all of these"},
    Key{"except", Form::network, "but not these"},
    Key{"file", Form::path, "a list file: one address, prefix or range a line"},
};

constexpr std::array interface_table{
    Key{"any", Form::interface, "all of these"},
    Key{"except", Form::interface, "but not these"},
};

constexpr std::array defaults_table{
    Key{"inbound", Form::fallback, "packets to this host; deny when there are rules", fallbacks},
    Key{"outbound", Form::fallback, "packets from this host; allow when there are rules", fallbacks},
    Key{"forward", Form::fallback, "packets that pass through; deny when there are rules", fallbacks},
};

constexpr std::array default_table{
    Key{"verdict", Form::word, "what happens to these packets", verdicts},
    Key{"log", Form::log, "whether to log them; or the text that begins the log line"},
};

constexpr std::array tests_table{
    Key{"inbound", Form::entries, "packets to this host"},
    Key{"outbound", Form::entries, "packets from this host"},
    Key{"forward", Form::entries, "packets that pass through this host"},
};

constexpr std::string_view ports_advice = "ports belong to the service, as in `allow: 8080/tcp`";
constexpr std::string_view protocol_advice = "the protocol belongs to the service, as in `allow: 53/udp`";
constexpr std::string_view action_advice = "a rule begins with its verdict, as in `allow: ssh`";

constexpr std::array rule_advice{
    Advice{"accept", "write `allow`"},
    Advice{"permit", "write `allow`"},
    Advice{"pass", "write `allow`"},
    Advice{"drop", "write `deny`"},
    Advice{"block", "write `deny`"},
    Advice{"refuse", "write `reject`"},
    Advice{"source", "write `from`"},
    Advice{"src", "write `from`"},
    Advice{"saddr", "write `from`"},
    Advice{"sources", "write `from`"},
    Advice{"source-address", "write `from`"},
    Advice{"dest", "write `to`"},
    Advice{"destination", "write `to`"},
    Advice{"dst", "write `to`"},
    Advice{"daddr", "write `to`"},
    Advice{"destination-address", "write `to`"},
    Advice{"iif", "write `in`"},
    Advice{"iifname", "write `in`"},
    Advice{"in-interface", "write `in`"},
    Advice{"interface", "write `in` or `out`"},
    Advice{"oif", "write `out`"},
    Advice{"oifname", "write `out`"},
    Advice{"out-interface", "write `out`"},
    Advice{"sport", "write `source-port`"},
    Advice{"source_port", "write `source-port`"},
    Advice{"port", ports_advice},
    Advice{"ports", ports_advice},
    Advice{"dport", ports_advice},
    Advice{"service", "the service stands after the verdict, as in `allow: ssh`"},
    Advice{"proto", protocol_advice},
    Advice{"protocol", protocol_advice},
    Advice{"action", action_advice},
    Advice{"verdict", action_advice},
    Advice{"target", action_advice},
    Advice{"only_from", "write `only-from`"},
    Advice{"description", "write `comment`"},
    Advice{"except", "write `from: {any: [...], except: [...]}`"},
    Advice{"expires", "write `until`, with a date"},
    Advice{"rate", "write `limit`"},
    Advice{"state", "a rule matches every state; replies pass by `base: established`"},
};

constexpr std::string_view test_only_allow = "`management` says what must stay allowed; what must not pass is a test";
constexpr std::array management_advice{
    Advice{"deny", test_only_allow},
    Advice{"reject", test_only_allow},
    Advice{"accept", "write `allow`"},
    Advice{"source", "write `from`"},
    Advice{"src", "write `from`"},
    Advice{"destination", "write `to`"},
    Advice{"dest", "write `to`"},
    Advice{"iif", "write `in`"},
    Advice{"port", ports_advice},
    Advice{"ports", ports_advice},
    Advice{"only-from", "write `from`; that nobody else gets in is for a rule to say"},
};

constexpr std::array policy_advice{
    Advice{"version", "write `portpolicy: 1`"},
    Advice{"includes", "write `include`"},
    Advice{"default", "write `defaults`"},
    Advice{"policy", "write `defaults`"},
    Advice{"input", "write `inbound`"},
    Advice{"output", "write `outbound`"},
    Advice{"ingress", "write `inbound`"},
    Advice{"egress", "write `outbound`"},
    Advice{"in", "write `inbound`"},
    Advice{"out", "write `outbound`"},
    Advice{"rules", "rules stand under `inbound`, `outbound` or `forward`"},
    Advice{"zones", "write `networks` or `interfaces`"},
    Advice{"groups", "write `networks` or `services`"},
    Advice{"allow", "rules stand under `inbound`, `outbound` or `forward`"},
    Advice{"deny", "rules stand under `inbound`, `outbound` or `forward`"},
};

constexpr std::array direction_advice{
    Advice{"input", "write `inbound`"},
    Advice{"output", "write `outbound`"},
    Advice{"in", "write `inbound`"},
    Advice{"out", "write `outbound`"},
};

constexpr std::array exception_advice{
    Advice{"not", "write `except`"},     Advice{"all", "write `any`"},   Advice{"but", "write `except`"},
    Advice{"exclude", "write `except`"}, Advice{"path", "write `file`"}, Advice{"list", "write `any` or `file`"},
};

}  // namespace

constinit const Mapping policy_keys{"a policy", policy_table, policy_advice};
constinit const Mapping rule_keys{"a rule", rule_table, rule_advice};
constinit const Mapping management_keys{"`management`", management_table, management_advice};
constinit const Mapping test_keys{"a test", test_table, rule_advice};
constinit const Mapping network_keys{"a network", network_table, exception_advice};
constinit const Mapping interface_keys{"an interface", interface_table, exception_advice};
constinit const Mapping defaults_keys{"`defaults`", defaults_table, direction_advice};
constinit const Mapping default_keys{"a default", default_table};
constinit const Mapping tests_keys{"`tests`", tests_table, direction_advice};

}  // namespace portpolicy::syntax
