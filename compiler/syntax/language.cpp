#include "compiler/syntax/language.h"

#include <array>

namespace portpolicy::syntax {
namespace {

constexpr std::array<std::string_view, 3> tiers{"mandatory", "normal", "baseline"};
constexpr std::array<std::string_view, 5> bases{"loopback", "icmp", "address", "established", "invalid"};
constexpr std::array<std::string_view, 3> verdicts{"allow", "deny", "reject"};
constexpr std::array<std::string_view, 4> fallbacks{"allow", "deny", "reject", "unmanaged"};
constexpr std::array<std::string_view, 5> states{"new", "established", "related", "invalid", "untracked"};

constexpr Key allow{"allow", Form::service, "let these services pass: `ssh`, `8080/tcp`, `[http, https]` or `any`"};
constexpr Key deny{"deny", Form::service,
                   "drop these services without an answer: `smtp`, `[23/tcp, 161/udp]` or `any`"};
constexpr Key reject{"reject", Form::service,
                     "refuse these services with an answer, a TCP reset or an ICMP error: `ident`, `[113/tcp]`"};
constexpr Key from{"from", Form::network,
                   "where the packets come from; anywhere unless given: `office`, `[192.0.2.0/24, 2001:db8::/32]`"};
constexpr Key to{"to", Form::network, "where the packets go to; anywhere unless given: `192.0.2.1`, `internet`"};
constexpr Key in{"in", Form::interface, "the interface by which they come in; any unless given: `eth0`, `\"br-*\"`"};
constexpr Key out{"out", Form::interface, "the interface by which they leave; any unless given: `eth0`, `\"br-*\"`"};
constexpr Key source_port{"source-port", Form::ports,
                          "the port they come from; any unless given: `123`, `1024-65535` or a list"};
constexpr Key comment{"comment", Form::text, "why it is there, for people; it changes nothing"};

constexpr std::array policy_table{
    Key{"portpolicy", Form::version, "the version of the policy language, which every file says: `portpolicy: 1`"},
    Key{"tier", Form::word,
        "all rules of a higher tier come before those of a lower one, whoever includes whom; `normal` unless given",
        tiers, "normal"},
    Key{"include", Form::includes,
        "files that belong to this policy, relative to this one, or from the library: `[team/web.yaml, "
        "<baseline/server>]`"},
    Key{"networks", Form::networks, "names for addresses, for all files of the policy: `{office: 203.0.113.0/24}`"},
    Key{"services", Form::services, "names for ports and protocols, for all files: `{app: [8080-8090/tcp, 8443/tcp]}`"},
    Key{"interfaces", Form::interfaces, "names for network interfaces, for all files: `{lan: [eth1, \"br-*\"]}`"},
    Key{"defaults", Form::defaults, "what happens to packets that no rule matches: `{inbound: deny, outbound: allow}`"},
    Key{"base", Form::words,
        "the kinds of traffic decided before any rule, all five unless given: `[loopback, established]`, `[]` for none",
        bases},
    Key{"inbound", Form::rules, "rules for packets to this host; of one list the first that matches decides"},
    Key{"outbound", Form::rules, "rules for packets from this host; of one list the first that matches decides"},
    Key{"forward", Form::rules, "rules for packets that pass through this host; without rules and default not managed"},
    Key{"management", Form::management,
        "inbound access that no change of the policy may take away: `- {allow: ssh, from: office}`; it opens nothing"},
    Key{"tests", Form::tests,
        "what must hold, proven for every packet described: `{inbound: [{deny: ssh, from: internet}]}`"},
    Key{"waive", Form::rule_waivers,
        "warnings about rules of included files, or definitions, that are accepted: `{name: {PP303: \"the reason\"}}`"},
};

constexpr std::array rule_table{
    allow,
    deny,
    reject,
    from,
    Key{"only-from", Form::network,
        "like `from`, and a promise that nobody else reaches the service by any rule or default: `10.0.0.0/8`"},
    to,
    in,
    out,
    source_port,
    Key{"name", Form::name,
        "what messages and other rules call this rule; its place, as in `inbound[0]`, unless given: `ssh-office`"},
    comment,
    Key{"owner", Form::text, "who answers for the rule, for people: `data-platform`"},
    Key{"ticket", Form::text, "where the rule was asked for, for people: `OPS-1234`"},
    Key{"until", Form::date, "the last day on which the rule holds, in UTC; for ever unless given: `2027-01-31`"},
    Key{"log", Form::log,
        "whether to log packets that the rule decides, `false` unless given; or the text that begins the line: "
        "`\"ssh-in: \"`"},
    Key{"limit", Form::limit,
        "how many packets this allow takes, others go on to the next rules; all unless given: `10/minute burst 20 per "
        "source`"},
    Key{"overrides", Form::names, "the names of rules, in any file, that this one comes before: `[web-closed]`"},
    Key{"waive", Form::waivers, "warnings about this rule that are accepted: `{PP303: \"the reason\"}`"},
};

constexpr std::array management_table{
    Key{"allow", Form::service, "services that must stay reachable from outside: `ssh`"},
    from,
    to,
    in,
    source_port,
    Key{"name", Form::name, "what messages call this entry; its place unless given: `ssh-of-the-office`"},
    comment,
};

constexpr std::array test_table{
    Key{"allow", Form::service, "the test holds when every packet described passes: `https`"},
    Key{"deny", Form::service, "the test holds when no packet described passes, dropped or rejected: `ssh`"},
    Key{"reject", Form::service, "the test holds when every packet described is refused with an answer: `ident`"},
    from,
    to,
    in,
    out,
    source_port,
    Key{"state", Form::words, "the connection states asked about; new and untracked unless given: `established`",
        states},
    Key{"name", Form::name, "what messages call this test; its place, as in `tests.inbound[0]`, unless given"},
    comment,
};

constexpr std::array network_table{
    Key{"any", Form::network, "all of these networks; beside `except`, all but some: `{any: any, except: office}`"},
    Key{"except", Form::network, "but not these networks; nothing unless given: `[10.66.0.0/16]`"},
    Key{"file", Form::path,
        "a list file, relative to this one, with one address, prefix or range a line: `lists/blocked.txt`"},
};

constexpr std::array interface_table{
    Key{"any", Form::interface, "all of these interfaces; with `except` all but some: `{any: \"*\", except: eth0}`"},
    Key{"except", Form::interface, "but not these interfaces; nothing unless given: `[eth0, \"wg*\"]`"},
};

constexpr std::array defaults_table{
    Key{"inbound", Form::fallback,
        "packets to this host that no rule matches; deny when there are rules: `deny`, `{verdict: deny, log: true}`",
        fallbacks, "deny"},
    Key{"outbound", Form::fallback, "packets from this host that no rule matches; allow when there are rules: `allow`",
        fallbacks, "allow"},
    Key{"forward", Form::fallback,
        "packets that pass through and no rule matches; deny when there are rules, `unmanaged` leaves them to others",
        fallbacks},
};

constexpr std::array default_table{
    Key{"verdict", Form::word, "what happens to these packets: `deny` drops them, `reject` answers", verdicts},
    Key{"log", Form::log, "whether to log them, `false` unless given; or the text that begins the line: `\"in: \"`"},
};

constexpr std::array tests_table{
    Key{"inbound", Form::entries, "what must hold of packets to this host: `- {deny: ssh, from: internet}`"},
    Key{"outbound", Form::entries, "what must hold of packets from this host: `- {deny: smtp, to: internet}`"},
    Key{"forward", Form::entries, "what must hold of packets that pass through this host: `- {allow: any, in: lan}`"},
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
