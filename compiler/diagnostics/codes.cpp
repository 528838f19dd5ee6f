#include <algorithm>
#include <array>
#include <functional>

#include "compiler/diagnostics/code.h"

namespace portpolicy {

namespace {

using enum Severity;

/// The one table of all codes, in order of their numbers.
constexpr auto table = std::to_array<CodeInfo>({
    {Code::yaml_syntax, error, "the file is not YAML",
     "A policy is a YAML file, and the text at this place cannot be read as YAML. The message says what the YAML "
     "reader expected. Often the true mistake stands a little before: a missing bracket, a missing space behind a "
     "colon, or a line that is indented differently from its neighbours.",
     R"(portpolicy: 1
inbound:
  - {allow: http
)",
     "Correct the text. An editor with YAML support shows the place as you type."},

    {Code::invalid_utf8, error, "the file is not UTF-8 text",
     "Policies and lists are UTF-8. The bytes at this place are not, most often because the file was saved in an "
     "older encoding such as Latin-1 or in UTF-16, or because it is not a text file at all.",
     R"(portpolicy: 1
inbound:
  - allow: http
    comment: "caf\xe9"    # one byte 0xe9, as Latin-1 has it
)",
     "Save the file as UTF-8, for example with `iconv -f latin1 -t utf-8`."},

    {Code::duplicate_key, error, "a key stands twice in one mapping",
     "A mapping names each key once. Of two equal keys one would have to be ignored, and a rule that is silently "
     "ignored is a hole.",
     R"(portpolicy: 1
inbound:
  - allow: http
inbound:
  - allow: https
)",
     "Put both values under one key, or take one out."},

    {Code::anchor_or_alias, error, "YAML anchors and aliases are not part of the language",
     "An alias (`*name`) repeats a value from elsewhere in the file. A reader of a rule would have to look for it, and "
     "a few lines of nested aliases can describe a policy larger than memory.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    from: &staff 203.0.113.0/24
  - allow: https
    from: *staff
)",
     "Give the value a name under `networks:`, `services:` or `interfaces:` and use the name. A text that merely "
     "begins with `*` or `&` goes into quotes."},

    {Code::tag, error, "YAML tags are not part of the language",
     "A tag (`!name`) tells a YAML reader to understand a value differently from how it looks. Every value of a policy "
     "means what it looks like.",
     R"(portpolicy: 1
inbound:
  - allow: !!str 80
)",
     "Take the tag out. A text that merely begins with `!` goes into quotes."},

    {Code::several_documents, error, "the file holds several YAML documents",
     "A line `---` inside a file begins a second document, which would not be read.",
     R"(portpolicy: 1
inbound:
  - allow: http
---
portpolicy: 1
)",
     "Put the second document into a file of its own and `include` it."},

    {Code::unknown_key, error, "a key that the language does not know",
     "A misspelt key must not be skipped: a rule without its `from` is open to everybody. The message names the known "
     "key that comes nearest.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    form: 203.0.113.0/24
)",
     "Correct the spelling. All keys are listed in docs/language.md."},

    {Code::missing_key, error, "a key that must be there is missing",
     "Every file says which version of the language it is written in (`portpolicy: 1`), and some values need a "
     "certain key to mean anything.",
     R"(inbound:
  - allow: http
)",
     "Add the key that the message names."},

    {Code::wrong_kind, error, "a value of the wrong kind",
     "Where a list is meant stands a single value, a mapping or the like, or the other way round.",
     R"(portpolicy: 1
inbound: {allow: http}
)",
     "Write the kind of value that the message asks for. An entry of a list begins with `- `."},

    {Code::empty_value, error, "a value is missing",
     "A key with nothing behind it, or an empty list, can be read as everything or as nothing. portpolicy does not "
     "guess.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    from:
)",
     "Write the value, or take the key out. `any` says that everything is meant."},

    {Code::too_large, error, "more than a policy may hold",
     "A policy is data from someone else, and a few bytes of it must not keep a host busy for ever. The limits are "
     "32 MiB of policy files, 64 MiB a list file, 64 includes, 200,000 rules and two million prefixes a list file.",
     R"(portpolicy: 1
networks:
  blocked: {file: lists/three-million-lines.txt}
)",
     "Split the file, or move long lists of addresses into list files with prefixes instead of single addresses."},

    {Code::too_deep, error, "values or includes are nested too deeply",
     "Lists and mappings may stand in one another, and files include one another, 32 levels deep.",
     R"(portpolicy: 1
networks:
  deep: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[192.0.2.1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
)",
     "Give inner values names of their own, or include the files from one place."},

    {Code::language_version, error, "a version of the language that this program does not know",
     "`portpolicy:` says for which version of the language the file was written. This program knows version 1.",
     R"(portpolicy: 2
inbound:
  - allow: http
)",
     "Use a newer program, or write the file in version 1."},

    {Code::unclosed_quote, error, "a quoted text has no end",
     "A text that begins with a quotation mark ends with the same one. Without it the rest of the file belongs to the "
     "text.",
     R"(portpolicy: 1
inbound:
  - allow: http
    comment: "for everybody
)",
     "Close the quotation mark. Inside single quotes a single quote is written twice."},

    {Code::one_verdict, error, "a rule has exactly one of `allow`, `deny` and `reject`",
     "The verdict says what becomes of a packet. A rule with none does nothing, and of two none is meant more than "
     "the other.",
     R"(portpolicy: 1
inbound:
  - allow: http
    deny: ssh
)",
     "Write one rule for each verdict."},

    {Code::keys_together, error, "keys that exclude one another",
     "Each of these keys makes sense alone, but together they contradict one another: `from` beside `only-from`, which "
     "says the same and more, or `limit` and `only-from` on a rule that does not allow.",
     R"(portpolicy: 1
inbound:
  - allow: postgresql
    from: 10.0.0.0/8
    only-from: 10.1.0.0/16
)",
     "Keep the one that is meant."},

    {Code::many_findings, note, "more findings than are listed",
     "The first thousand findings are listed, the rest is only counted. So many have one cause as a rule: a file that "
     "is "
     "not the one that was meant, or a name that is spelt differently throughout.",
     R"(# any policy with more than a thousand mistakes
)",
     "Mend the first ones and check again."},

    {Code::unknown_name, error, "a name that is defined nowhere",
     "The name is neither defined in any file of this policy nor built in. Services are looked up under `services:`, "
     "then in the tables that come with the program, never on the host: the answer must be the same everywhere.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    from: offices
)",
     "Correct the spelling, define the name, or include the file that defines it."},

    {Code::bad_name, error, "this cannot be a name",
     "Names begin with a letter or digit and go on with letters, digits, `.`, `_` and `-`, 63 characters at most. They "
     "reappear in firewall rules, log lines and file names, where other characters have meanings of their own.",
     R"(portpolicy: 1
networks:
  "our office": 203.0.113.0/24
)",
     "Choose a name such as `our-office`."},

    {Code::defined_twice, error, "one name, two definitions",
     "All files of a policy share their names. Two definitions that are alike are fine; of two that differ, nothing "
     "says which was meant. Rule names are unique.",
     R"(portpolicy: 1
inbound:
  - {name: web, allow: http}
  - {name: web, allow: https}
)",
     "Rename one of them, or put the definition into a file that both include."},

    {Code::defined_by_itself, error, "a definition that leads back to itself",
     "To know what the name means one would have to know what the name means.",
     R"(portpolicy: 1
networks:
  staff: [office, 10.66.0.0/16]
  office: [staff, 203.0.113.0/24]
inbound:
  - allow: ssh
    from: staff
)",
     "Take one of the names out of the circle that the message shows."},

    {Code::builtin_redefined, error, "a built-in network cannot be given another meaning",
     "`any`, `internet`, `private`, `loopback`, `link-local`, `multicast` and `broadcast` mean the same in every "
     "policy, so that a reader need not look them up.",
     R"(portpolicy: 1
networks:
  internet: 0.0.0.0/0
)",
     "Choose another name."},

    {Code::registry_service_redefined, warning, "a service of the registry gets another meaning",
     "The name stands in the table of well-known services, or in the IANA's registry for just one port. From here on "
     "it means what this policy says, which a reader "
     "who knows the service will not expect.",
     R"(portpolicy: 1
services:
  ssh: 2222/tcp
inbound:
  - allow: ssh
)",
     "Choose another name, such as `ssh-alt`."},

    {Code::bad_address, error, "this is not an address, prefix or range",
     "Networks are IPv4 or IPv6 addresses (`192.0.2.1`, `2001:db8::1`), prefixes (`192.0.2.0/24`), ranges "
     "(`192.0.2.10-192.0.2.20`) or names. Host names are not looked up: the answer would depend on the day.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    from: 203.0.113.256
)",
     "Correct the address. In YAML an IPv6 address that ends or begins with a colon goes into quotes."},

    {Code::host_bits, error, "a prefix with host bits set",
     "The address goes on behind the length of the prefix. Either the length or the address is not what was meant; "
     "the two differ in who gets in.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    from: 203.0.113.5/24
)",
     "Write the prefix that the message names, or the single address without a length."},

    {Code::bad_service, error, "this is not a service",
     "A service is a port with its protocol (`80/tcp`), a range (`8080-8090/tcp`), a name, `icmp/...`, or a protocol "
     "(`esp`, `protocol 50`). Only tcp, udp, sctp, dccp and udplite have ports.",
     R"(portpolicy: 1
inbound:
  - allow: 80/http
)",
     "Write port and protocol, in this order: `80/tcp`."},

    {Code::bad_port, error, "this is not a port",
     "Ports are whole numbers from 1 to 65535, and a range goes from the smaller to the larger one. Port 0 exists in "
     "packets but not in rules.",
     R"(portpolicy: 1
inbound:
  - allow: 70000/tcp
)",
     "Correct the number."},

    {Code::bad_icmp, error, "this is not a type of ICMP",
     "Behind `icmp/` or `icmpv6/` stands a type by name (`icmp/echo-request`), by number (`icmp/8`), or by number with "
     "its code (`icmp/3:4`), each from 0 to 255.",
     R"(portpolicy: 1
inbound:
  - allow: icmp/8:300
)",
     "Correct the number or the name; for ping write `icmp/echo-request` and `icmpv6/echo-request`."},

    {Code::bad_interface, error, "this cannot be the name of an interface",
     "Linux interface names are 1 to 15 bytes long and contain neither `/` nor white space. A `*` may stand at the end "
     "and means every name that begins so.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    in: "eth*0"
)",
     "Correct the name."},

    {Code::bad_limit, error, "this is not a limit",
     "A limit reads `N/second`, `N/minute`, `N/hour` or `N/day`, then perhaps `burst N`, then perhaps `per source`.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    limit: 10 per minute
)",
     "Write for example `10/minute per source`."},

    {Code::bad_date, error, "this is not a day",
     "Dates are written year, month, day: `2027-01-31`, and the day must exist.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    until: 2027-02-30
)",
     "Correct the date."},

    {Code::bad_value, error, "a value that the key does not take",
     "The key takes one of a few words or a value of a certain form, and this is none of them.",
     R"(portpolicy: 1
defaults: {inbound: drop}
)",
     "Write one of the values that the message names."},

    {Code::service_of_udp, warning, "a bare number means tcp, but the service is one of udp",
     "A port without a protocol means tcp. The table of well-known services, or else the IANA's registry, knows this "
     "number for udp only, so the rule "
     "probably opens a port that nobody listens on.",
     R"(portpolicy: 1
inbound:
  - allow: 51820
)",
     "Write the protocol: `51820/udp`, or `51820/tcp` if that is meant."},

    {Code::include_unreadable, error, "an included file cannot be read",
     "The file that is to be included does not exist or cannot be read. A policy with a part missing is another "
     "policy, "
     "so nothing is made of it. Names are relative to the file that includes; `<name>` is looked up in the installed "
     "library.",
     R"(portpolicy: 1
include:
  - team/wbe.yaml
)",
     "Correct the name or the permissions."},

    {Code::include_outside_root, error, "a file outside the root",
     "Files that a policy names stay inside the root: the folder given with `--root`, else the git work tree that "
     "holds the policy, else the folder of the policy. A policy from someone else must not read the rest of the "
     "disk, by `..` or by a symbolic link.",
     R"(portpolicy: 1
include:
  - ../../../../../../../../../../etc/hostname
)",
     "Move the file into the root, or name a wider root with `--root`."},

    {Code::include_cycle, error, "a file includes itself",
     "A file that includes another comes before it in precedence. In a circle each file would come before itself.",
     R"(# the text of a.yaml, where b.yaml includes a.yaml
portpolicy: 1
include:
  - b.yaml
)",
     "Take one `include` out of the circle that the message shows; move what both files need into a third one."},

    {Code::list_unreadable, error, "a list file cannot be read",
     "The file with the addresses of a network does not exist or cannot be read. Its name is relative to the policy "
     "file "
     "that names it.",
     R"(portpolicy: 1
networks:
  blocked: {file: lists/bloked.txt}
inbound:
  - deny: any
    from: blocked
)",
     "Correct the name or the permissions."},

    {Code::bad_list_line, error, "a line of a list file that is no address",
     "A list file holds one address, prefix or range a line. `#` begins a comment; empty lines are skipped.",
     R"(# in lists/blocked.txt
192.0.2.0/24
192.0.2.300
)",
     "Correct the line or take it out."},

    {Code::settings_disagree, error, "two files give a setting differently",
     "`defaults` and `base` hold for the whole policy. Several files may give them if they agree.",
     R"(# included by a file that says `defaults: {inbound: allow}`
portpolicy: 1
defaults: {inbound: deny}
)",
     "Give the setting in one file, most often the one at the top."},

    {Code::unmanaged_with_rules, error, "rules in a direction that is not managed",
     "`unmanaged` means that portpolicy installs nothing in this direction, so its rules would do nothing.",
     R"(portpolicy: 1
defaults: {forward: unmanaged}
forward:
  - allow: http
)",
     "Give the direction a default verdict, or take the rules out."},

    {Code::not_in_this_direction, error, "a condition that no packet of this direction meets",
     "A packet that comes in has no interface by which it leaves, and one that goes out none by which it came.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    out: eth0
)",
     "Use `in` in inbound and `out` in outbound; forward knows both."},

    {Code::ports_needed, error, "a source port for packets without ports",
     "`source-port` makes sense only for services of tcp, udp, sctp, dccp and udplite.",
     R"(portpolicy: 1
inbound:
  - allow: esp
    source-port: 500
)",
     "Name the protocol, such as `udp`, or leave `source-port` out."},

    {Code::unknown_code_waived, error, "a waiver of what cannot be waived",
     "`waive` silences a warning by its code. There is no finding with this code, or it is an error, and errors are "
     "mended, not waived.",
     R"(portpolicy: 1
inbound:
  - allow: http
    waive: {PP999: "nobody knows"}
)",
     "Write the code as the finding shows it, for example `PP303`."},

    {Code::file_unsafe, error, "not a regular file",
     "Policies and lists are regular files. A device, a pipe, a socket or a folder is not read: reading it could block "
     "for ever or change something.",
     R"(portpolicy: 1
networks:
  blocked: {file: lists}      # a folder
)",
     "Name a regular file."},

    {Code::ambiguous_service, error, "a service name with several ports or protocols",
     "The name is not in the table of well-known services, and the IANA assigned it more than one port, or one port of "
     "several protocols, most of which the service has never used. A rule opens what is meant and nothing else.",
     R"(portpolicy: 1
inbound:
  - allow: nfsrdma
)",
     "Write the port and protocol that the service listens on, such as `20049/tcp`. Or define the name under "
     "`services`. `portpolicy services NAME` shows what the registries say."},

    {Code::conflict, error, "two rules disagree, and nothing says which comes first",
     "For the packet shown, the foremost rules that match give different verdicts. Rules of one list are in order, and "
     "so is a file before those it includes; these rules stand in files of which neither includes the other. Choosing "
     "one "
     "of them by chance would let a change elsewhere open or close a port.",
     R"(# base.yaml includes team.yaml and security.yaml
# team.yaml:      inbound: [{name: team-ssh, allow: ssh}]
# security.yaml:  inbound: [{name: no-ssh, deny: ssh, from: internet}]
)",
     "Say which is meant: let one rule name the other in `overrides`, narrow one of them, set a `tier`, or decide the "
     "matter in the file that includes both."},

    {Code::precedence_cycle, error, "an order of rules that leads back to itself",
     "`overrides` puts in order what was not. Against the order that stands already, by place, include or tier, each "
     "rule of the circle would come before itself.",
     R"(portpolicy: 1
inbound:
  - {name: first, allow: ssh}
  - {name: second, deny: ssh, overrides: first}
)",
     "Move the rule instead, or take the `overrides` out."},

    {Code::never_matches, warning, "a rule, or a part of one, that can match nothing",
     "Taken together the conditions of the rule describe no packet: addresses of which none is left after the "
     "exceptions, "
     "a protocol of one family beside addresses of the other. The rule does nothing, and is never read as \"any\". Or "
     "an "
     "entry of a list does nothing: it is of a family in which the rest of the rule has no packet, or `except` takes "
     "all "
     "of it out. In rules and in definitions it is also a finding when an address, prefix, range or interface that is "
     "excepted is no part of what stands in `any` (but not when `any` has a list file in it, nor of a name, which may "
     "be "
     "there to be on the safe side). Rules of the library are passed over.",
     R"(portpolicy: 1
inbound:
  - allow: icmp/echo-request
    from: 2001:db8::/32
)",
     "Correct the conditions, or take the rule or the part out."},

    {Code::expired, warning, "the last day of a rule has passed",
     "The rule ended with the day that its `until` names. It has left the policy: its packets go on to the next rules "
     "and to the default.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    from: 203.0.113.0/24
    until: 2020-12-31
)",
     "Take the rule out, or give it a new date if it is still needed."},

    {Code::too_complex, error, "too complex to be checked",
     "The question could not be decided within the limits of time and memory. What is not proven is not written.",
     R"(# thousands of rules that overlap in addresses, ports and interfaces at once
)",
     "Use fewer rules with larger networks, or split the policy by direction or interface."},

    {Code::test_failed, error, "a test of the policy does not hold",
     "An entry of `tests` holds when every packet that it describes gets its verdict. The message shows a packet that "
     "does not, and the rule that decides it.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
tests:
  inbound:
    - deny: ssh
      from: internet
)",
     "Correct the rules, or the test if it asks for too much."},

    {Code::claim_broken, error, "somebody else reaches what `only-from` reserves",
     "`only-from` is a rule and a claim: nobody outside reaches the service. Another rule or the default lets the "
     "packet "
     "shown in.",
     R"(portpolicy: 1
inbound:
  - allow: postgresql
    only-from: 10.0.0.0/8
  - allow: 5000-6000/tcp
)",
     "Narrow the rule that lets the packet in, or use `from` if others are welcome."},

    {Code::management_broken, error, "management access would be lost",
     "An entry of `management` says who must always get in. With this policy the packet shown would not, and an "
     "administrator might be locked out.",
     R"(portpolicy: 1
inbound:
  - deny: ssh
    from: 203.0.113.0/25
  - allow: ssh
management:
  - allow: ssh
    from: 203.0.113.0/24
)",
     "Allow the packets, for example with a rule at the top of the list, or narrow the entry."},

    {Code::test_of_unmanaged, error, "a test of a direction that is not managed",
     "A direction with neither rules nor a default is not managed: portpolicy installs nothing there, so nothing can "
     "be "
     "proven about it.",
     R"(portpolicy: 1
inbound:
  - allow: http
tests:
  forward:
    - deny: http
)",
     "Give the direction a default, or take the test out."},

    {Code::waived_nothing, warning, "a waiver without a finding",
     "The finding that is waived here does not exist, any more or at all. A waiver that is left behind would hide the "
     "next one.",
     R"(portpolicy: 1
inbound:
  - allow: http
    waive: {PP303: "was needed once"}
)",
     "Take the waiver out."},

    {Code::judged_without, note, "a test that is judged without rules of a higher tier",
     "An `allow` test says what its file lets in. A `deny` or `reject` of a file with a higher tier may still take "
     "some of "
     "these packets; that is the higher tier's to decide, so the test is judged as if those rules were not there.",
     R"(portpolicy: 1
include: mandatory.yaml    # tier: mandatory, with `deny: any` from some networks
inbound:
  - allow: http
tests:
  inbound:
    - allow: http
)",
     "Nothing. To test what the whole policy does, write a `deny` test, or a `management` entry."},

    {Code::exposed, warning, "a sensitive service is open to the internet",
     "The rule, or the default, lets somebody on the internet open connections to a service that is made for a trusted "
     "network: a database, remote administration, file sharing, a login in clear text. `portpolicy services NAME` says "
     "what is sensitive about one. Machines that look for such services find a new one within hours.",
     R"(portpolicy: 1
inbound:
  - allow: postgresql
)",
     "Say who needs it, with `from` or `only-from`. If it is meant, say why: `waive: {PP312: \"a public read "
     "replica\"}`."},

    {Code::shadowed, error, "a rule that never gets a packet",
     "Earlier rules, and the traffic that `base` decides, together take every packet that the rule could match, and at "
     "least one of them says something else. The author of the rule believes that it does something. Earlier are the "
     "rules above it in its list, those of the files that include its file, and those of higher tiers. A rule with "
     "`limit` shadows nothing. Where a rule with `until` has a part in it, and where the rule that gets nothing is one "
     "of "
     "the library, it is a note: both may well be meant.",
     R"(portpolicy: 1
inbound:
  - deny: ssh
  - allow: ssh
    from: 10.0.0.0/8
)",
     "Move the rule above those that are named, narrow them, or take it out."},

    {Code::redundant, warning, "a rule without which nothing changes",
     "Every packet that the rule decides would get the same verdict from other rules, or from the default. That is a "
     "note only when the default or a rule of another file makes it so: saying it twice may be on purpose. Rules with "
     "`log` or `limit`, and rules that keep packets from the limit of another, are never called redundant, nor is what "
     "says the same as a rule that ends by `until`.",
     R"(portpolicy: 1
inbound:
  - allow: http
  - allow: [http, https]
)",
     "Take the rule out; or waive the warning, with the reason why it stays."},

    {Code::limit_without_effect, warning, "a limit without effect",
     "Packets over the limit go on to the rules below and to the default, and there they are all allowed anyway; or no "
     "packet comes to the limit, since what stands above allows them all.",
     R"(portpolicy: 1
inbound:
  - allow: ssh
    limit: 10/minute per source
  - allow: ssh
)",
     "Deny what is over the limit: take out the rule that allows it, or write a `deny` below the limited rule."},

    {Code::crossing, warning, "rules that disagree cross, so their order matters",
     "Two rules give different verdicts, each has packets that the other has not, and what they share is decided by "
     "the "
     "one that comes first. Neither is an exception to the other, so only their order says what was meant, and whoever "
     "moves one of them changes what is open. It is a note, and a warning with `check --strict`. Only the order of a "
     "list "
     "and that of including and included file are looked at: tiers and `overrides` say in words what comes first. What "
     "base traffic or a rule above both decides does not count, nor do rules of the library.",
     R"(portpolicy: 1       # checked with --strict
inbound:
  - deny: any
    from: 198.51.100.0/24
  - allow: [http, https]
)",
     "Nothing, if the order is what is meant. Else narrow one of the rules so that they do not meet, or say with "
     "`overrides` or a `tier` which of them comes first; or waive it at the rule that comes first."},

    {Code::overtaken, warning, "a rule of an included file is overtaken by an allow of its includer",
     "The rules of the including file come first. One of them allows something that an included file denies or "
     "rejects, "
     "so what its author has closed is open in part. (Where nothing is left of the `deny`, that is PP313.) Files of "
     "the "
     "library and of a lower tier are there to be overtaken and are passed over.",
     R"(portpolicy: 1
include: security.yaml    # inbound: [{name: no-telnet, deny: telnet}]
inbound:
  - allow: telnet
    from: 10.0.0.0/8
)",
     "Ask whoever wrote the `deny`. Then say why at the rule that allows: `waive: {PP317: \"agreed in OPS-1234\"}`, or "
     "narrow it. A file whose denials must hold belongs to the tier `mandatory`."},

    {Code::unused, warning, "a definition that nothing uses",
     "No rule, claim or test names this network, service or interface, nor does a definition that is used. It may be a "
     "leftover, or its name is misspelt where it should stand: a misspelt interface is no error, but an interface that "
     "does not exist. Rules that have ended count as users. In an included file it is a note, for another policy may "
     "use "
     "the name, and a file that holds nothing but definitions is passed over, as the library is.",
     R"(portpolicy: 1
networks:
  office: 203.0.113.0/24
  old-office: 198.51.100.0/24
inbound:
  - allow: ssh
    from: office
)",
     "Take the definition out, or use it. To keep it, say why at the top of a file: `waive: {old-office: {PP318: "
     "\"back "
     "in spring\"}}`. Names for several policies belong into an included file of their own."},

    {Code::family_forgotten, warning, "a rule for everybody leaves out one family",
     "In `from` or `to` the rule has at least half of the internet's addresses of one family, such as `0.0.0.0/0`, and "
     "none of the other family, although everything else that it says holds for both. A `deny` or `reject` of this "
     "kind "
     "is a finding when a packet of the other family, the same in all else, is allowed; an `allow` when no such packet "
     "is. "
     "It is none when a rule that has addresses of the other family alone meets these packets: then somebody has "
     "thought "
     "of them. Rules of the library are passed over.",
     R"(portpolicy: 1
inbound:
  - deny: ssh
    from: {any: 0.0.0.0/0, except: 203.0.113.0/24}
  - allow: ssh
)",
     "Name both families, as in `[0.0.0.0/0, \"::/0\"]`, or `any`, or leave `from` or `to` out. If one family is "
     "meant, "
     "say so: `waive: {PP319: \"there is no IPv6 here\"}`."},

    {Code::ending_soon, warning, "a rule that ends within 14 days",
     "The last day of the rule, its `until`, is near, counted from today or from the day given with `--at`. After it "
     "the "
     "rule leaves the policy, and its packets go on to the next rules and to the default.",
     R"(portpolicy: 1       # checked with --at 2030-12-20
inbound:
  - allow: ssh
    from: 203.0.113.0/24
    until: 2030-12-31
)",
     "Give the rule a new date if it is still needed, or let it end. A compiled script knows no dates: compile and "
     "load "
     "it again after that day."},

    {Code::icmp_answers, warning, "ICMP that base traffic has always decided before the rule",
     "Connection tracking lets four types of ICMP (8, 13, 15, 17) and two of ICMPv6 (128, 139) open something, and "
     "leaves "
     "neighbour discovery and its like (ICMPv6 130 to 136, 143, 151 to 153) untracked. All others are answers or "
     "errors. "
     "One that belongs to an allowed connection is established or related, and `base` allows it; any other is invalid, "
     "and `base` denies it. So no rule decides about them while `base` has both `established` and `invalid`, nor about "
     "what the `icmp` of `base` allows. It is a finding where base traffic may say something else than the rule.",
     R"(portpolicy: 1
inbound:
  - allow: [icmp/echo-request, icmp/echo-reply]
)",
     "Take the part out: replies to allowed packets pass without a rule. To decide about it yourself, leave "
     "`established` "
     "or `invalid` out of `base` and write rules for what they did."},

    {Code::idle_jump, note, "a jump without effect",
     "The chain that this rule leads to decides none of the packets that come there by it, and does nothing else with "
     "them: nothing in it matches them, or what matches sends them back. It is a warning where the chain decides about "
     "other packets, and a note where it is empty or decides nothing at all, as chains do that other programs fill. "
     "Only "
     "rule sets of others have such rules (`check --from`).",
     R"(*filter
-A INPUT -p udp -j web
-A web -p tcp --dport 80 -j ACCEPT
COMMIT
)",
     "Send there what the chain is for, or take the rule out."},

    {Code::unreached_chain, note, "a chain that nothing leads to",
     "The chain has rules, and no rule jumps or goes to it, so they do nothing. It may be a leftover, or a chain that "
     "another program uses from time to time. Only rule sets of others have such chains (`check --from`).",
     R"(*filter
:INPUT ACCEPT [0:0]
:old - [0:0]
-A old -p tcp --dport 21 -j ACCEPT
COMMIT
)",
     "Let a rule lead there, or take the chain out."},

    {Code::not_expressible, error, "the target cannot express this",
     "The target has no means to say exactly what the policy says, and portpolicy never writes something that merely "
     "comes near.",
     R"(# depends on the target; the message names the rule and what the target lacks
)",
     "Change the rule, or compile for another target."},

    {Code::said_otherwise, note, "the target says this in another way",
     "The target has no words for this, and the artifact does something in its place: Windows Firewall never answers a "
     "packet that it refuses, logs by profile and not by rule, and cannot say `all protocols but some`. What becomes "
     "of "
     "packets is as the policy says, in the sense that docs/windows.md gives for Windows.",
     R"(# with --target windows
portpolicy: 1
inbound:
  - allow: http
    log: true      # all packets that are allowed are logged
  - reject: auth   # nobody gets an answer
)",
     "Nothing, if that will do."},

    {Code::left_out, warning, "something of the policy is left out of the artifact",
     "With --skip-unsupported, what the target cannot say is left out instead of being refused. The artifact does what "
     "the policy says without it: a deny that is left out leaves open what it was to close. The artifact names it in "
     "its first lines, too.",
     R"(# with --target windows --skip-unsupported
portpolicy: 1
inbound:
  - allow: ssh
    limit: 10/minute
)",
     "Look whether the host is safe without it; else change the rule."},

    {Code::too_many_rules, error, "the policy becomes too many rules for the target",
     "Windows Firewall knows no order: a block beats an allow wherever they stand. So a deny becomes blocks of what it "
     "denies and no allow before it lets pass. Where they overlap in part in many ways, and above all where a deny of "
     "all "
     "protocols comes after allows of some, that is many rules; more than 1,000 for one deny, 20,000 in all, or "
     "500,000 "
     "networks in all their lists are refused, for Windows would take very long to load and to search them.",
     R"(# with --target windows
portpolicy: 1
defaults: {outbound: allow}
outbound:
  - deny: any      # all protocols but what the base traffic allows: 250 rules for every 1,000 networks
    to: {file: blocked.txt}
)",
     "Let the deny name protocols, as the allows before it do, or put it above them."},

    {Code::foreign_syntax, error, "the rule set cannot be read",
     "A rule set in the language of a firewall is read as that firewall would take it. At this place the firewall "
     "would "
     "refuse it, or do what the text alone does not tell: what a file holds that is included, or which rule a handle "
     "means.",
     R"(table inet filter {
  chain input {
    type filter hook input priority 0;
    tcp dport 22 acept
  }
}
)",
     "Correct the text; the firewall itself says more (`nft -c -f FILE`). Or give the rule set that it results in, as "
     "`nft list ruleset` prints it."},

    {Code::not_understood, note, "a part of a rule set that is not understood",
     "A rule set that was not written by portpolicy may ask for things that its model of packets does not have, such "
     "as "
     "marks or TCP flags. Such a condition is carried along as one that may be true or false, and never left out.",
     R"(table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    tcp flags syn tcp dport 22 accept    # tcp flags
  }
}
)",
     "Nothing, if the answer is certain all the same; else express the rule without it."},

    {Code::artifact_differs, error, "an artifact does with a packet what the policy does not say",
     "The rules that were read back and the policy were compared for every packet, with limits that hold and limits "
     "that "
     "are exhausted. This packet gets another verdict. The finding stands at the rule of the artifact that decides it, "
     "and names what decides it in the policy; there is one finding for each rule that differs, 20 at the most for "
     "each "
     "direction.",
     R"(table inet portpolicy {
  chain inbound {
    type filter hook input priority 0; policy drop;
    tcp dport { 22, 23 } accept    # of `allow: ssh`
  }
}
)",
     "Compile the policy again, or bring into the policy what the artifact does."},

    {Code::cannot_tell, error, "whether an artifact does what the policy says cannot be told",
     "What is not understood in the artifact (see the notes PP602) may make this packet get another verdict than the "
     "policy's. Where it makes no difference, it does not matter.",
     R"(table inet portpolicy {
  chain inbound {
    type filter hook input priority 0; policy drop;
    meta mark 7 tcp dport 22 accept    # of `allow: ssh`
  }
}
)",
     "Express the rule without what is not understood."},

    {Code::table_left_behind, error, "a script leaves an older table of portpolicy in place",
     "The drops of every table count. A script that defines a table of portpolicy has to remove, in the same "
     "transaction, "
     "all that portpolicy may have loaded before, whatever shape it had.",
     R"(table inet portpolicy {    # and no `add table` and `delete table` of each name before
}
)",
     "Compile the policy again. What `nft list` prints is no script: verify it with --listing."},
});

constexpr auto known = std::to_array<Code>({
#define PORTPOLICY_CODE(number, name) Code::name,
#include "compiler/diagnostics/codes.def"
#undef PORTPOLICY_CODE
});

static_assert(std::ranges::equal(table, known, {}, &CodeInfo::code), "every code of codes.def has one row, in order");
static_assert(std::ranges::adjacent_find(known, std::ranges::greater_equal{}) == known.end(),
              "codes ascend, so that `info` can search");

}  // namespace

std::span<const CodeInfo> all_codes() {
  return table;
}

}  // namespace portpolicy
