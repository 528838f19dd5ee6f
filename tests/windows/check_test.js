// The checks must find what is wrong: each mistake here is one that a good script is spoilt by.
'use strict';
const {test, expect, same} = require('./bench');
const {problemsOf} = require('./check');
const {problemsOfData} = require('./check_data');
const {assemble, rule, begin, end} = require('./script');
const policies = require('./policies');

const good = assemble(policies.strict);
// With next to nothing of a program, which is read in a tenth of the time.
const short = assemble(
  policies.strict,
  () => "$ErrorActionPreference = 'Stop'\nfunction Get-Setting {\n    param([string]$Name)\n    return $Name\n}\n",
);

function problems(text) {
  return problemsOf(Buffer.from(text, 'latin1')).join('\n');
}

for (const name of ['nothing', 'web', 'strict', 'open', 'closed', 'reworded']) {
  test(`nothing is wrong with the script of ${name}`, () => same(problems(assemble(policies[name])), '', 'problems'));
}

function finds(what, spoil, words, whole = short) {
  test(`the check finds ${what}`, () => {
    const spoilt = spoil(whole);
    expect(spoilt !== whole, 'nothing is spoilt');
    const found = problems(spoilt);
    expect(found.includes(words), `not found, but: ${found}`);
  });
}

const put = (from, to) => (text) => text.replace(from, () => to);

// Bytes and layout.
finds('a byte that is not ASCII', put('bad web', 'bad web \u00e9'), '0xe9');
finds('a tab', put('    Inbound', '\tInbound'), '0x9 is no printable');
finds('an end of line without CR', put('\r\n$PolicyLog', '\n$PolicyLog'), 'not CR LF');
finds('a header line that is code', put('# Rules of a test.', "Get-Date -Format 'dd'"), 'no comment');
finds('#Requires in the header', put('# Rules of a test.', '# requires -Version 7'), '#Requires in the header');
finds('a block comment', put('# Rules of a test.', '# <# Rules'), 'block comment');
finds('a signature in the header', put('# Rules of a test.', '# SIG # Begin signature block'), 'signature');
finds('two marks', put(`${begin}\r\n`, `${begin}\r\n${begin}\r\n`), 'must stand there once');
finds('no mark', put(`${end}\r\n`, ''), 'must stand there once');
finds(
  'an engine of its own',
  (text) => text.replace(/exit \$script:ExitCode/, 'exit 0'),
  'the engine is not that',
  good,
);
finds('a head of its own', put('#Requires -Version 5.1', '#Requires -Version 5.0'), 'the head is not that', good);
finds('a long line', put("@('80', '443'", `@('80', '443'${", '99'".repeat(15)}`), 'a line of');
finds('an indent of three', put('    Inbound', '   Inbound'), 'spaces');

// Grammar.
finds('an open quote', put("'bad web'", "'bad web"), 'line');
finds('two commas', put("@('80', '443'", "@('80',, '443'"), 'two commas');
finds('a try alone', (text) => `${text}try { exit 0 }\r\n`, '`try` without');
finds('a missing brace', put('    }\r\n)', ')'), 'line');

// The subset.
finds('a command that is not known', (text) => `${text}Invoke-Expression 'exit'\r\n`, 'Invoke-Expression');
finds('an alias', (text) => `${text}gci 'x'\r\n`, 'gci');
finds('another program', (text) => `${text}& cmd.exe '/c'\r\n`, 'cmd.exe');
finds('a computed command', (text) => `${text}& $PolicyLog\r\n`, 'computed command');
finds('a pipeline', (text) => `${text}Get-Date -Format 'dd' | Write-Output\r\n`, 'not understood');
finds('a script block', (text) => `${text}$block = { exit 0 }\r\n`, 'outside of the subset');
finds('a member of .NET', (text) => `${text}[System.IO.File]::Delete('x')\r\n`, 'system.io.file::delete');
finds('a call like a method', (text) => `${text}Get-Setting('x')\r\n`, 'called like a method');

// Parameters.
finds(
  'a parameter that does not exist',
  (text) => `${text}Get-NetFirewallRule -Names 'x' -ErrorAction Stop\r\n`,
  "'Names'",
);
finds(
  'two sets of parameters',
  (text) => `${text}Get-NetFirewallRule -Name 'x' -Group 'y' -ErrorAction Stop\r\n`,
  'Parameter set',
);
finds(
  'what is mandatory and missing',
  (text) => `${text}Set-NetFirewallRule -Enabled 'True' -ErrorAction Stop\r\n`,
  'mandatory',
);
finds(
  'a value that is none',
  (text) => `${text}Set-NetFirewallProfile -All -LogBlocked 'Yes' -ErrorAction Stop\r\n`,
  'does not take',
);
finds(
  'a switch for a word',
  (text) => `${text}Set-NetFirewallRule -Name 'x' -Enabled $true -ErrorAction Stop\r\n`,
  'does not take',
);
finds(
  'a word for a switch',
  (text) => `${text}Set-NetFirewallRule -Name 'x' -LocalOnlyMapping 'True' -ErrorAction Stop\r\n`,
  'takes $true',
);
finds('no -ErrorAction', (text) => `${text}Get-NetFirewallProfile -All\r\n`, 'no -ErrorAction');
finds(
  'a rule without a group',
  (text) => `${text}New-NetFirewallRule -Name 'x' -DisplayName 'x' -ErrorAction Stop\r\n`,
  'no -Group',
);
finds('a removal of all rules', (text) => `${text}Remove-NetFirewallRule -ErrorAction Stop\r\n`, 'no choice of rules');
finds('a function without that parameter', (text) => `${text}Get-Setting -Nothing 'x'\r\n`, 'no parameter -Nothing');

// Data.
finds('an expression in the data', put("'bad web'", "('bad' + ' web')"), 'something else than a literal');
finds('double quotes in the data', put("'bad web'", '"bad web"'), 'something else than a literal');
finds('a variable in the data', put("'bad web'", '$env:X'), 'something else than a literal');
finds('tables twice', put('$PolicyLog = @{\r\n}\r\n', '$PolicyLog = @{\r\n}\r\n$PolicyLog = @{\r\n}\r\n'), 'set twice');
finds('a default that is none', put("Inbound = 'Block'", "Inbound = 'Deny'"), 'Inbound = Deny');
finds('a direction without a default', put("    Outbound = 'Block'\r\n", ''), 'without a default');
finds('a name that is not that of the rule', put("LocalPort = @('22')", "LocalPort = @('23')"), 'its name is not');
finds(
  'the order of keys',
  (text) => text.replace(/( {8}Direction = 'Inbound'\r\n)( {8}Action = 'Allow'\r\n)/, '$2$1'),
  'order',
);

/** Rules that would be refused, or be wider than they look. */
const refused = {
  'ports without TCP or UDP': [{Protocol: '47', LocalPort: ['22']}, 'ports without'],
  'port 0': [{Protocol: 'TCP', LocalPort: ['0']}, 'a port 0'],
  'ports that go down': [{Protocol: 'TCP', LocalPort: ['30-20']}, 'a port 30-20'],
  'a range of one port': [{Protocol: 'TCP', LocalPort: ['30-30']}, 'the port 30-30'],
  'a keyword for a port': [{Protocol: 'TCP', LocalPort: ['RPC']}, 'the port RPC'],
  'types without ICMP': [{Protocol: 'TCP', IcmpType: ['8']}, 'ICMP types without'],
  'a type of 256': [{Protocol: 'ICMPv4', IcmpType: ['256']}, 'an ICMP type'],
  'an empty list': [{RemoteAddress: []}, 'an empty list'],
  'a prefix of length 0': [{RemoteAddress: ['0.0.0.0/0']}, 'length 0'],
  'bits below the prefix': [{RemoteAddress: ['10.0.0.1/8']}, 'not spelt'],
  'a range that goes down': [{RemoteAddress: ['10.0.0.9-10.0.0.1']}, 'goes down'],
  'the address ::': [{RemoteAddress: ['::-::5']}, 'an end that is ::'],
  'the address ::1': [{RemoteAddress: ['::1']}, 'an end that is ::'],
  'another spelling': [{RemoteAddress: ['2001:DB8::/32']}, 'not spelt'],
  'a keyword for an address': [{RemoteAddress: ['LocalSubnet']}, 'neither address'],
  'more than 1,000 addresses': [
    {RemoteAddress: Array.from({length: 1001}, (_, i) => `10.0.${i >> 8}.${i & 255}`)},
    '1,000',
  ],
  'a protocol by number that has a name': [{Protocol: '6'}, 'the protocol 6'],
  'a protocol of 256': [{Protocol: '256'}, 'the protocol 256'],
  'a display name All': [{DisplayName: 'All'}, 'display name All'],
  'a bar in a name': [{DisplayName: 'a|b'}, '| in DisplayName'],
  'no description': [{Description: ''}, 'the length of Description'],
  'addresses of two families': [{LocalAddress: ['192.0.2.1'], RemoteAddress: ['2001:db8::1']}, 'no family'],
};

for (const [what, [values, words]] of Object.entries(refused)) {
  test(`the check refuses ${what}`, () => {
    const found = problemsOfData({defaults: {Inbound: 'Block'}, log: {}, rules: [rule(values)]}).join('\n');
    expect(found.includes(words), `not found, but: ${found}`);
  });
}
