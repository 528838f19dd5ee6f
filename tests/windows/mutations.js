// mutations.js: breaks the engine on purpose, one way after the other, and sees a test fail each time. Run it by hand
// when a test or the engine has changed: `NODE_PATH=build/dev/tests/windows/node_modules node --liftoff-only
// tests/windows/mutations.js`. Exit codes: 0, 1 something was not found or no longer stands in the engine.
'use strict';
const bench = require('./bench');
const syntax = require('./syntax');

const blocks = "    Add-WantedRule -Action 'Block'\n";
const allows = "    Add-WantedRule -Action 'Allow'\n";
const defaults = '    Set-WantedDefault\n';
const old_allows = "    Disable-OldRule -Action 'Allow'\n";
const old_blocks = "    Disable-OldRule -Action 'Block'\n";
const stop = "; ErrorAction = 'Stop' }";

const mutations = [
  ['new allows before new blocks', blocks + allows, allows + blocks],
  ['defaults before new rules', blocks + allows + defaults, defaults + blocks + allows],
  ['defaults after old rules', defaults + old_allows + old_blocks, old_allows + old_blocks + defaults],
  ['old blocks before old allows', old_allows + old_blocks, old_blocks + old_allows],
  ['undo begins at the front', '$last = $script:Journal.Count - 1', '$last = 0'],
  ['defaults are not undone', "Kind = 'Settings'; Profile", "Kind = 'None'; Profile"],
  ['disabled rules are not undone', "Kind = 'Disabled'; Rule", "Kind = 'None'; Rule"],
  [
    'rules are added in spite of -WhatIf',
    "if (Confirm-Change -Target $target -Action ('add the {0} rule' -f $Action)) {",
    'if ($true) {',
  ],
  [
    'a backup is written in spite of -WhatIf',
    "if (Confirm-Change -Target $path -Action 'export the whole firewall policy') {",
    'if ($true) {',
  ],
  [
    'an error of New-NetFirewallRule is not final',
    "        Confirm = $false\n        ErrorAction = 'Stop'\n",
    '        Confirm = $false\n',
  ],
  [
    'an error of Set-NetFirewallRule is not final',
    `Enabled = $Value; Confirm = $false${stop}`,
    'Enabled = $Value; Confirm = $false }',
  ],
  [
    'the exit code of netsh is not looked at',
    "if ($LASTEXITCODE -ne 0) {\n            throw ('netsh",
    "if ($false) {\n            throw ('netsh",
  ],
  ['a prefix is one too long', '$last = $first + $size - 1', '$last = $first + $size'],
  ['the exit code is always 0', 'exit $script:ExitCode', 'exit 0'],
  [
    'rules are chosen by names with wildcards',
    'InputObject = $Rule; Enabled = $Value',
    "Name = (Get-Identity -Object $Rule); PolicyStore = 'PersistentStore'; Enabled = $Value",
  ],
  ["-Exclusive takes a local rule for a group policy's", "if ($Exclusive -and $Source -eq 'Local')", 'if ($Exclusive)'],
  ['nobody looks for a lock-out', 'if ((Test-Change) -and -not $AllowLockout)', 'if ($false)'],
  [
    'the port of a connection does not count',
    '(Test-Holds -Ends $sets.LocalPort -Number $Peer.LocalPort) -and',
    '$true -and',
  ],
  ['local rules that are not merged do not count', "if ($merged -eq 'False'", "if ($merged -eq 'X'"],
  ['a program does not count', "@{ Kind = 'Application'; Name = 'Program'; Nothing = @() }", ''],
  ['a profile does not count', "@{ Kind = 'Rule'; Name = 'Profile'; Nothing = @('0') }", ''],
  ['what was there is not noted', 'if ($script:Plan.Remember) {', 'if ($false) {'],
  [
    'what was put back is noted still',
    '    if ($script:Plan.Forget) {\n        Save',
    '    if ($false) {\n        Save',
  ],
  ['-Remove leaves blocks', "    Remove-OurRule -Rules $Ours -Action 'Block'\n", ''],
  [
    '-Remove takes blocks first',
    "    Remove-OurRule -Rules $Ours -Action 'Allow'\n    Remove-OurRule -Rules $Ours -Action 'Block'\n",
    "    Remove-OurRule -Rules $Ours -Action 'Block'\n    Remove-OurRule -Rules $Ours -Action 'Allow'\n",
  ],
  ['-Remove leaves rules of others disabled', "    Restore-ForeignRule -Rules $Foreign -Action 'Block'\n", ''],
  [
    'other words are left',
    '} elseif (Test-TextDiffers -Entry $entry) {\n                Update',
    '} elseif ($false) {\n                Update',
  ],
  [
    'one query for each rule',
    'function Test-Enabled {\n    param([object]$Rule)\n',
    "function Test-Enabled {\n    param([object]$Rule)\n    $x = Get-NetFirewallPortFilter -PolicyStore 'PersistentStore' -ErrorAction 'Stop'\n",
  ],
  ['a name that is taken is used', 'while ($Taken.ContainsKey($free)) {', 'while ($false) {'],
  ['a disabled rule is kept', 'if ((Test-Enabled -Rule $rule) -and -not $broken) {', 'if (-not $broken) {'],
  [
    'anybody may own the state folder',
    "if (-not ($owner.StartsWith('O:BA') -or $owner.StartsWith('O:SY'))) {",
    'if ($false) {',
  ],
];

/** What the first failing test says; nothing when none fails. */
function firstFailure() {
  const said = [];
  const before = console.error;
  console.error = (text) => said.push(text);
  try {
    return bench.runTests({stop: true}) > 0 ? said[0].replace(/\s+/g, ' ').slice(0, 160) : null;
  } finally {
    console.error = before;
  }
}

async function main() {
  await syntax.start();
  require('./engine_test');
  require('./refusal_test');
  require('./failure_test');
  let missed = 0;
  for (const [name, from, to] of mutations) {
    let applied = false;
    bench.run.change = (engine) => {
      applied ||= engine.includes(from);
      return engine.replace(from, () => to);
    };
    const found = firstFailure();
    if (!found || !applied) ++missed;
    console.log(`${applied ? (found ? 'found' : 'MISSED') : 'NOT IN THE ENGINE'}: ${name}: ${found ?? ''}`);
  }
  process.exitCode = missed === 0 ? 0 : 1;
}

main();
