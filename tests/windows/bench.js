// Runs scripts on simulated machines, and says what went wrong.
'use strict';
const syntax = require('./syntax');
const {Interpreter} = require('./powershell');
const {Machine} = require('./machine');
const script = require('./script');
const {around, shown} = require('./packets');

const scripts = new Map();
const programs = new Map();

/** The script of a policy, or of a text, ready to run. */
function scriptOf(policy, change) {
  const known = scripts.get(policy) ?? new Map();
  scripts.set(policy, known);
  if (!known.has(change)) {
    const tree = typeof policy === 'string' ? syntax.read(policy) : treeOf(policy, change);
    known.set(change, new Interpreter(tree));
  }
  return known.get(change);
}

const unchanged = (engine) => engine;

/** Head and engine are long and always the same: they are read once. */
function treeOf(policy, change = unchanged) {
  if (!programs.has(change)) {
    programs.set(change, {head: syntax.read(script.part('head.ps1')), engine: syntax.read(change(script.engine()))});
  }
  const {head, engine} = programs.get(change);
  return {...head, body: [...head.body, ...syntax.read(script.data(policy)).body, ...engine.body]};
}

/** Runs the script of `policy` on `machine`. What was asked and changed is counted anew. */
function run(machine, policy, given = {}) {
  machine.changes = [];
  machine.firewall.asked = {};
  const answer = scriptOf(policy, run.change).run(machine, given);
  answer.text = [...answer.output, ...answer.warning, ...answer.error].join('\n');
  return answer;
}
/** How the engine is broken for a while: mutations.js does so. */
run.change = undefined;

/** A machine with this in its firewall, after these policies were applied to it. */
function machineWith(furnish, ...policies) {
  const known = prepared.find(
    (one) =>
      one.furnish === furnish &&
      one.change === run.change &&
      one.policies.length === policies.length &&
      one.policies.every((policy, at) => policy === policies[at]),
  );
  if (known) return known.machine.copy();
  const machine = new Machine();
  furnish?.(machine.firewall);
  for (const policy of policies) {
    const answer = run(machine, policy);
    if (answer.code !== 0) throw new Error(`the policy before is not applied: ${answer.text}`);
  }
  prepared.push({furnish, policies, change: run.change, machine: machine.copy()});
  return machine;
}
const prepared = [];

/** Runs it and looks at packets after every change: what the state before and the state after agree on must hold
    throughout. Gives the answer and what was wrong. */
function watched(machine, policy, given = {}) {
  const before = machine.copy();
  const seen = [];
  let packets;
  const rehearsal = machine.copy();
  const answer = run(rehearsal, policy, given);
  packets = around([...before.firewall.rules, ...rehearsal.firewall.rules]);
  const first = verdicts(before, packets),
    last = verdicts(rehearsal, packets);
  machine.after_change = (what) => seen.push([what, verdicts(machine, packets)]);
  run(machine, policy, given);
  machine.after_change = () => {};
  const wrong = [];
  for (const [what, now] of seen) {
    const at = now.findIndex((verdict, i) => first[i] === last[i] && verdict !== first[i]);
    if (at >= 0) wrong.push(`after \`${what}\`: ${now[at]} instead of ${first[at]} for ${shown(packets[at])}`);
  }
  return {answer, wrong, packets: packets.length, steps: seen.length};
}

function verdicts(machine, packets) {
  const verdict = machine.firewall.judge();
  return packets.map(verdict);
}

// ---- tests

const tests = [];

function test(name, body) {
  tests.push([name, body]);
}

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

function same(left, right, what) {
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

/** Runs all tests; gives how many failed. */
function runTests({quiet = false, stop = false} = {}) {
  let failed = 0;
  for (const [name, body] of tests) {
    try {
      body();
    } catch (problem) {
      ++failed;
      if (!quiet) console.error(`FAILED: ${name}\n  ${problem.line ? `line ${problem.line}: ` : ''}${problem.message}`);
      if (!quiet && process.env.PORTPOLICY_STACK) console.error(problem.stack);
      if (stop) return failed;
    }
  }
  return failed;
}

module.exports = {run, machineWith, watched, test, expect, same, runTests, tests};
