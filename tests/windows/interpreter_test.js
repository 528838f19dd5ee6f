// The interpreter itself: where PowerShell does not do what one would think.
'use strict';
const {Interpreter} = require('./powershell');
const {Machine} = require('./machine');
const {Unsupported} = require('./values');
const {test, expect, same} = require('./bench');
const {toText} = require('./values');
const syntax = require('./syntax');

function played(text, given) {
  return new Interpreter(syntax.read(`$ErrorActionPreference = 'Stop'\n${text}\n`)).run(new Machine(), given);
}

/** Each item that the script puts out, with `|` between; an error by its words. */
function output(text) {
  const answer = played(text);
  return [
    ...answer.output.map((item) => (Array.isArray(item) ? `[${item.map(toText).join()}]` : toText(item))),
    ...answer.error,
  ].join('|');
}

const says = [
  // Names and texts have no case; the left operand decides.
  ["$Name = 'x'; $NAME", 'x'],
  ["'ABC' -eq 'abc'", 'True'],
  ["'ABC' -ceq 'abc'", 'False'],
  ["10 -eq '10'; '10' -eq 10; '010' -eq 10", 'True|True|False'],
  ["1 -eq 'a'", 'False'],
  ["@('a', 'B', 'a') -eq 'A'", 'a|a'],
  ['$null -eq @(); $null -eq $null', 'False|True'],
  ["@(1, 2) -contains '2'; 'B' -in @('a', 'b')", 'True|True'],
  ["'9' -lt '10'; 9 -lt '10'", 'False|True'],
  ["[bool] 'False'; [bool] @(); [bool] @(0); [bool] @(0, 0)", 'True|False|False|True'],
  // Numbers.
  ['2147483647 + 1', '2147483648'],
  ['[long] 2147483647 + 1', '2147483648'],
  ['7 / 2; 6 / 2; [int] 2.5; [int] 3.5', '3.5|3|2|4'],
  [
    "[bigint] 2 * 3 + '4'; [bigint] '340282366920938463463374607431768211456' - 1",
    '10|340282366920938463463374607431768211455',
  ],
  ['1 -shl 33; [long] 1 -shl 33', '2|8589934592'],
  ["'5' + 1; 5 + '1'", '51|6'],
  ["[int] 'x'", 'Cannot convert value "x" to type "System.Int32".'],
  // Arrays, and what comes out of functions.
  ['function F { return @() }\n$x = F\n@($x).Count; $null -eq $x', '0|True'],
  ['function F { return @(5) }\n$x = F\n$x -is [array]', 'False'],
  ['function F { return ,@(5) }\n$x = F\n$x -is [array]', 'True'],
  ["function F { 'a'\n'b' }\n(F).Count", '2'],
  ["function F { $list = New-Object System.Collections.ArrayList\n$list.Add('a')\nreturn 'end' }\nF", '0|end'],
  ['$x = @(1)\n$y = $x\n$y += 2\n$x.Count; $y.Count', '1|2'],
  ['@($null).Count', '1'],
  ["foreach ($i in $null) { 'never' }\n'end'", 'end'],
  // Scopes: what a function sets is its own.
  ['$x = 1\nfunction F { $x = 2 }\nF\n$x', '1'],
  ['$x = 1\nfunction F { $script:x = 2 }\nF\n$x', '2'],
  ['function F {\nparam([string]$A)\n$A.Length }\nF', '0'],
  ['function F {\nparam([string]$A)\n$A = 5; $A -is [string] }\nF', 'True'],
  // Tables.
  ["$h = @{ A = 1 }\n$h['a']; $h.ContainsKey('A'); $null -eq $h['b']", '1|True|True'],
  ["$p = @{ Path = 'C:\\a'; ChildPath = 'b' }\nJoin-Path @p", 'C:\\a\\b'],
  [
    '$h = @{ A = 1; B = 2 }\nforeach ($k in $h.Keys) { $h[$k] = 3 }',
    'Collection was modified; enumeration operation may not execute.',
  ],
  // Texts.
  ['$n = \'x\'; "a $n $($n.Length)"', 'a x 1'],
  ["'{0:x2} {{}} {1,3}' -f 10, 'b'", '0a {}   b'],
  ["'a.b' -split '[.]'; 'a.b'.Split('.') -join '-'", 'a|b|a-b'],
  ["'x[1]' -like 'x[1]'; 'x1' -like 'x[1]'", 'False|True'],
  ["if ('p-12' -match '^p-([0-9]+)$') { $Matches[1] }", '12'],
  // Errors, and what StrictMode makes one.
  ["try { throw 'a' } catch { $_.Exception.Message } finally { 'b' }", 'a|b'],
  ['$never', "The variable '$never' cannot be retrieved because it has not been set."],
  ['$null.Count', "The property 'Count' cannot be found on this object. Verify that the property exists."],
  ['@{}.Missing', "The property 'Missing' cannot be found on this object. Verify that the property exists."],
  ["'ab'[5]; [string] 'ab'[1]", '|b'],
  ['function F { param([string]$A) }\nF -B 1', "A parameter cannot be found that matches parameter name 'B'."],
  [
    "Get-NetFirewallRule -Name 'none'\n'on'",
    "on|No MSFT_NetFirewallRule objects found with property 'Name' equal to 'none'.",
  ],
  ["Get-NetFirewallRule -Name 'none' -ErrorAction SilentlyContinue\n'on'", 'on'],
  ["try { Get-NetFirewallRule -Name 'none' -ErrorAction Stop } catch { 'caught' }", 'caught'],
  ["try { Get-Content -LiteralPath 'C:\\none' -Raw } catch { 'caught' }", 'caught'],
  // Files and JSON.
  [
    '$o = [pscustomobject]@{ a = @(1); b = @{ c = @(2, @{ d = @{ e = 1 } }) } }\n$t = ConvertTo-Json -InputObject $o -Depth 5\n$r = ConvertFrom-Json -InputObject $t\n$r.a.Count; $r.b.c[1].d.e',
    '1|1',
  ],
  [
    '$t = ConvertTo-Json -InputObject @{ a = @{ b = @{ c = @{ d = 1 } } } }\n(ConvertFrom-Json -InputObject $t).a.b.c',
    'System.Collections.Hashtable',
  ],
];

for (const [text, wanted] of says) {
  test(`PowerShell: ${text.replace(/\n/g, '; ')}`, () => same(output(text), wanted, 'output'));
}

test('PowerShell: exit is stopped by nothing but runs `finally`', () => {
  const answer = played("try { exit 3 } catch { 'caught' } finally { 'end' }\n'never'");
  same(answer.code, 3, 'exit code');
  same(answer.output.join(), 'end', 'output');
});

test('PowerShell: what nothing catches ends a script with 1', () =>
  same(played("throw 'x'\n'never'").code, 1, 'exit code'));

const outside = [
  'Get-Process',
  '& whoami.exe',
  '[math]::Sqrt(4)',
  "'a'.Normalize()",
  'New-Object System.Net.WebClient',
  "'a' -as [int]",
  "Get-NetFirewallRule -DisplayName 'x' -ErrorAction Stop",
  '$x = @(1, 2); $x.Name',
];

for (const text of outside) {
  test(`the interpreter refuses what it does not do: ${text}`, () => {
    try {
      played(text);
    } catch (problem) {
      expect(problem instanceof Unsupported, problem.stack);
      return;
    }
    throw new Error('it ran');
  });
}
