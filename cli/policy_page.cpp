#include "cli/policy_page.h"

#include <span>
#include <string_view>
#include <utility>

#include "cli/roff.h"
#include "cli/version.h"
#include "compiler/base/words.h"
#include "compiler/syntax/language.h"

namespace portpolicy::cli::manual {

namespace {

using syntax::Form;
using syntax::Key;
using syntax::Mapping;

/// What may stand after a key; `words` are those that the key takes.
std::string value_of(Form form, const std::string& words) {
  switch (form) {
    case Form::version:
      return "1";
    case Form::word:
      return words;
    case Form::words:
      return "list of " + words;
    case Form::includes:
      return "path or list of paths";
    case Form::networks:
    case Form::services:
    case Form::interfaces:
      return "mapping from names to values";
    case Form::defaults:
      return "mapping from directions to defaults";
    case Form::rules:
      return "list of rules";
    case Form::management:
    case Form::entries:
      return "list of entries";
    case Form::tests:
      return "mapping from directions to lists of entries";
    case Form::rule_waivers:
      return "mapping from rule names to codes with reasons";
    case Form::waivers:
      return "mapping from codes to reasons";
    case Form::service:
      return "service or list";
    case Form::network:
      return "network, list or mapping";
    case Form::interface:
      return "interface, list or mapping";
    case Form::fallback:
      return words + ", or mapping";
    case Form::ports:
      return "port, range or list";
    case Form::name:
      return "name";
    case Form::names:
      return "name or list";
    case Form::text:
      return "text";
    case Form::date:
      return "YYYY-MM-DD";
    case Form::log:
      return "true, false or text";
    case Form::limit:
      return "N/unit [burst N] [per source]";
    case Form::path:
      return "path";
  }
  std::unreachable();
}

/// A sentence of a description.
std::string sentence(std::string_view text) {
  std::string result(text);
  if (result.front() >= 'a' && result.front() <= 'z') result.front() = static_cast<char>(result.front() - 'a' + 'A');
  return result + ".";
}

void keys(RoffPage& page, const Mapping& mapping) {
  for (const Key& key : mapping.keys) {
    const std::string value = value_of(key.form, joined(key.words, "or"));
    page.item(roff_bold(key.name) + ": " + roff_italic(value), sentence(key.description));
  }
}

constexpr std::string_view example = R"(portpolicy: 1

include: <baseline/server>

networks:
  office: [203.0.113.0/24, 2001:db8:1::/48]

defaults: {inbound: deny, outbound: allow}

inbound:
  - allow: [http, https]
  - allow: postgresql
    only-from: office
  - name: ssh-office
    allow: ssh
    from: office
    limit: 10/minute burst 20 per source
    log: true

management:
  - allow: ssh
    from: office

tests:
  inbound:
    - deny: ssh
      from: internet
)";

constexpr std::string_view description =
    "A policy says who may reach what on one host. It is one YAML file in UTF-8, or several of them. The order of the "
    "sections does not matter; the order of the rules in a list does. A key that the language does not know is an "
    "error.\n\n"
    "Anchors, aliases, tags, merge keys, further documents and keys that stand twice are refused, and a text in quotes "
    "ends on its line. Values mean what they look like: `yes` and `on` are not `true`.";

constexpr std::string_view networks =
    "An address (`192.0.2.1`), a prefix (`2001:db8::/32`), a range (`192.0.2.10-192.0.2.20`), a name, or a list of "
    "these; or a mapping with the keys below. A prefix with host bits set is an error. Host names are not looked "
    "up.\n\n"
    "Built in are `any`, `internet`, `private`, `loopback`, `link-local`, `multicast` and `broadcast`.";

constexpr std::string_view services =
    "A port or a range of ports with its protocol (`80/tcp`, `8080-8090/tcp`), a name (`ssh`, `dns`), an ICMP type "
    "(`icmp/echo-request`, `icmpv6/128`) perhaps with a code (`icmp/3:4`), a protocol (`esp`, `protocol 50`), `any`, "
    "or "
    "a list of these. A bare number means tcp. `icmp` is IPv4 only and `icmpv6` IPv6 only. A well-known name stands "
    "for "
    "all that the service uses; /etc/services is never asked.";

constexpr std::string_view interfaces =
    "A name (`eth0`), all whose name begins so (`\"br-*\"`), every interface (`\"*\"`), a name from `interfaces`, or a "
    "list of these; or a mapping with the keys below. A word that is not defined is the interface itself.";

constexpr std::string_view rules =
    "A rule has exactly one of `allow`, `deny` and `reject`, and any of the other keys. It matches a packet when all "
    "that it says is true of the packet; what it does not say, it does not ask. A rule that names addresses of one "
    "family says nothing of the other. A rule that is left without any address or interface matches nothing.";

constexpr std::string_view promises =
    "The promise of `only-from` closes nothing, and `management` and `tests` open nothing: a policy that breaks them "
    "is "
    "refused. They speak of packets that open a connection and do not use the loopback interface, and are proven for "
    "every such packet. A test may ask about other states with `state`. `deny` holds for denied and rejected packets, "
    "`reject` only for rejected ones.\n\n"
    "`allow` tests and `management` are judged while limits hold; the others must hold with exhausted limits too. An "
    "`allow` test is judged without the denies and rejects of tiers above that of its own file.";

constexpr std::string_view precedence =
    "A packet of an unmanaged direction is not touched. Then base traffic is decided; then the first rule that matches "
    "decides; then the default of the direction.\n\n"
    "Rule A comes before rule B when its tier is higher (mandatory, normal, baseline); or, in one tier, when both "
    "stand "
    "in one list and A stands above B, when A's file includes B's file, directly or not, or when A `overrides` B. This "
    "carries on: before what B comes before, too. The order of `include` entries means nothing. Where the foremost "
    "matching rules stand in no order and disagree, the policy has a conflict (PP301), which is an error.";

constexpr std::string_view defaults =
    "A direction with neither rules nor a default is unmanaged. With rules and without a default, inbound and forward "
    "are denied and outbound is allowed.";

constexpr std::string_view base_traffic =
    "These kinds are decided before any rule, in this order, unless `base` names only some of them:";

constexpr std::pair<std::string_view, std::string_view> base_kinds[] = {
    {"loopback", "Allowed: what uses the interface lo."},
    {"icmp",
     "Allowed: ICMP types 3, 11 and 12, IGMP, and ICMPv6 types 1 to 4, 130 to 136, 141 to 143 and 151 to 153; in "
     "forward only ICMP 3, 11, 12 and ICMPv6 1 to 4. Ping is not among them."},
    {"address", "Allowed: this host as a DHCP client, over both families; not in forward."},
    {"established", "Allowed: packets of connections that stand, and related ones."},
    {"invalid", "Denied: what connection tracking calls invalid."},
};

constexpr std::string_view limits =
    "A `limit` is `N/second`, `N/minute`, `N/hour` or `N/day`, N from 1 to 1000000. `burst N` says how many packets "
    "may "
    "come at once, 5 unless given. `per source` counts each IPv4 address and each IPv6 /64 by itself. The rule matches "
    "only while the limit holds: what is over it goes on to the next rules and to the default.";

constexpr std::string_view names =
    "A name begins with a letter or a digit and goes on with letters, digits, `.`, `_` and `-`; 63 characters at most. "
    "Networks, services, interfaces and rules each have one namespace, which all files of a policy share.";

constexpr std::string_view files =
    "Included files and list files lie inside the root: the folder of `--root`, else the git work tree that holds the "
    "policy, else its folder. Paths are relative to the file that names them. `<name>` is name.yaml in the library.";

}  // namespace

std::string_view policy_page_example() {
  return example;
}

std::string policy_page() {
  RoffPage page("portpolicy-policy", 5, version());
  page.section("NAME");
  page.line("portpolicy\\-policy \\- the policy language of portpolicy, version 1");
  page.section("SYNOPSIS");
  page.line(roff_italic("policy.yaml"));
  page.section("DESCRIPTION");
  page.prose(description);
  page.section("SECTIONS");
  keys(page, syntax::policy_keys);
  page.section("RULES");
  page.prose(rules);
  keys(page, syntax::rule_keys);
  page.section("NETWORKS");
  page.prose(networks);
  keys(page, syntax::network_keys);
  page.section("SERVICES");
  page.prose(services);
  page.section("INTERFACES");
  page.prose(interfaces);
  keys(page, syntax::interface_keys);
  page.section("WHICH RULE DECIDES");
  page.prose(precedence);
  page.section("DEFAULTS");
  page.prose(defaults);
  keys(page, syntax::defaults_keys);
  page.subsection("A default as a mapping");
  keys(page, syntax::default_keys);
  page.section("BASE TRAFFIC");
  page.prose(base_traffic);
  for (const auto& [kind, text] : base_kinds) page.item(roff_bold(kind), text);
  page.section("LIMITS");
  page.prose(limits);
  page.section("PROMISES AND TESTS");
  page.prose(promises);
  page.subsection("Entries of management");
  keys(page, syntax::management_keys);
  page.subsection("Entries of tests");
  keys(page, syntax::test_keys);
  page.section("NAMES");
  page.prose(names);
  page.section("FILES");
  page.prose(files);
  page.section("EXAMPLES");
  page.literal(example);
  page.section("SEE ALSO");
  page.line(roff_bold("portpolicy") + "(1), " + roff_bold("portpolicy-check") + "(1)");
  page.prose("The whole reference is /usr/share/doc/portpolicy/docs/language.md.");
  return page.text();
}

}  // namespace portpolicy::cli::manual
