// What is left when a change fails: each change of a run once, before it acts and after it has acted.
'use strict';
const {run, machineWith, test, expect, same} = require('./bench');
const {Killed} = require('./machine');
const {around, shown} = require('./packets');
const {nothing, web, strict, open, furnish, contradict} = require('./policies');

const json = (value) => JSON.stringify(value, (key, held) => (typeof held === 'bigint' ? String(held) : held));

/** The firewall without what is disabled of ours, which says nothing to any packet. */
function picture(machine) {
  const rules = machine.firewall.rules.filter((rule) => rule.enabled || rule.group !== 'portpolicy');
  const settings = Object.keys(machine.firewall.profiles).map((name) =>
    Object.keys(machine.firewall.profiles[name]).map((key) => machine.firewall.setting(name, key)),
  );
  return json([[...rules].sort((a, b) => (a.name < b.name ? -1 : 1)), settings]);
}

const cases = {
  'the first apply': {before: [], policy: web, given: {}},
  'an update': {before: [web], policy: strict, given: {}},
  'an update that changes the default': {before: [strict], policy: open, given: {}},
  'an apply with -Exclusive': {before: [], policy: web, given: {Exclusive: true}, contradicted: true},
  'a policy that gives up a direction': {before: [strict], policy: nothing, given: {}},
};

/** The machine that a case begins with, and what it comes to when nothing fails. */
function rehearse({before, policy, given, contradicted}) {
  const fresh = machineWith(contradicted ? both : furnish);
  const machine = machineWith(contradicted ? both : furnish, ...before);
  const goal = machine.copy();
  run(goal, policy, given);
  return {machine, changes: goal.changes, start: picture(machine), goal: picture(goal), fresh: picture(fresh)};
}

function both(firewall) {
  furnish(firewall);
  contradict(firewall);
}

/** A copy of the machine on which the `at`-th change of the run failed. */
function failing(machine, {policy, given}, at, after_acting) {
  const copy = machine.copy();
  copy.fail_at = at;
  copy.fail_after_acting = after_acting;
  const answer = run(copy, policy, given);
  copy.fail_at = 0;
  return {copy, answer};
}

/** From the first removal on, all that is wanted is in force. */
function pastReturn(changes, at) {
  const removal = changes.findIndex((what) => /^remove (Allow|Block)/.test(what));
  return removal >= 0 && at - 1 >= removal;
}

/** Whether the run ended as it should when this change failed. */
function endsWell(copy, answer, {start, goal}, past, where) {
  const done = picture(copy);
  if (answer.code === 0) {
    // Nothing but what does not matter may fail, and not without a word.
    expect(done === goal && answer.warning.length + answer.error.length > 0, `${where}: exit code 0`);
    return;
  }
  same(answer.code, 1, `${where}: exit code`);
  same(done, past ? goal : start, `${where}: firewall`);
  expect(answer.text.includes('simulated failure'), `${where}: no word of why: ${answer.text}`);
}

/** Another run does what the failed one was to do, and -Remove still knows what was there at first. */
function canGoOn(copy, {policy, given}, {goal, fresh}, where, {undo = true} = {}) {
  const next = run(copy, policy, given);
  same(next.code, 0, `${where}: exit code of the next run (${next.text})`);
  same(picture(copy), goal, `${where}: firewall after the next run`);
  const left = copy.firewall.rules.filter((rule) => !rule.enabled && rule.group === 'portpolicy');
  same(left.length, 0, `${where}: rules left over`);
  if (!undo) return;
  same(run(copy, policy, {Remove: true}).code, 0, `${where}: exit code of -Remove`);
  same(picture(copy), fresh, `${where}: firewall after -Remove`);
}

for (const [name, one] of Object.entries(cases)) {
  for (const after_acting of [false, true]) {
    test(`${name}, with each change failing ${after_acting ? 'after' : 'before'} it acts`, () => {
      const known = rehearse(one);
      expect(known.changes.length > 3, `only ${known.changes.length} changes`);
      known.changes.forEach((change, i) => {
        const {copy, answer} = failing(known.machine, one, i + 1, after_acting);
        const where = `when \`${change}\` fails`;
        endsWell(copy, answer, known, pastReturn(known.changes, i + 1), where);
        canGoOn(copy, one, known, where, {undo: !after_acting});
      });
    });
  }
}

for (const name of ['the first apply', 'an update that changes the default', 'an apply with -Exclusive']) {
  test(`${name}, stopped behind each change`, () => {
    const one = cases[name];
    const known = rehearse(one);
    known.changes.forEach((change, i) => {
      const copy = known.machine.copy();
      copy.killed_after = i + 1;
      const where = `stopped behind \`${change}\``;
      expect(
        stops(() => run(copy, one.policy, one.given)),
        `${where}: it went on`,
      );
      copy.killed_after = 0;
      canGoOn(copy, one, known, where);
    });
  });
}

test('an update that fails, and cannot be undone either, can be run again', () => {
  const one = cases['an update'];
  const known = rehearse(one);
  known.changes.forEach((change, i) => {
    const copy = known.machine.copy();
    Object.assign(copy, {fail_at: i + 1, fail_on: true});
    const where = `from \`${change}\` on everything fails`;
    same(run(copy, one.policy, one.given).code, 1, `${where}: exit code`);
    Object.assign(copy, {fail_at: 0, fail_on: false});
    canGoOn(copy, one, known, where);
  });
});

test('a No to any question of -Confirm leaves all as it was', () => {
  const one = cases['an update that changes the default'];
  const known = rehearse(one);
  let asked = 0;
  for (let no_at = 1; no_at === 1 || asked === no_at - 1; ++no_at) {
    const copy = known.machine.copy();
    copy.no_at = no_at;
    const answer = run(copy, one.policy, {Confirm: true});
    const past = copy.changes.some((what) => /^remove (Allow|Block)/.test(what)) && picture(copy) === known.goal;
    if (answer.code === 0) return expect(no_at > 5, `only ${no_at} questions`);
    same(answer.code, 1, `question ${no_at}: exit code`);
    if (!past)
      expect([known.start, known.goal].includes(picture(copy)), `question ${no_at}: neither as it was nor as wanted`);
    asked = no_at;
  }
  return undefined;
});

function stops(act) {
  try {
    act();
  } catch (problem) {
    if (problem instanceof Killed) return true;
    throw problem;
  }
  return false;
}

test('no packet falls into a gap while a failed update is undone', () => {
  const start = machineWith(furnish, web);
  const goal = start.copy();
  run(goal, strict);
  const packets = around([...start.firewall.rules, ...goal.firewall.rules]);
  const [first, last] = [start, goal].map((machine) => packets.map(machine.firewall.judge()));
  goal.changes.forEach((change, i) => {
    const machine = start.copy();
    machine.after_change = (what) => {
      const now = packets.map(machine.firewall.judge());
      const bad = now.findIndex((verdict, at) => first[at] === last[at] && verdict !== first[at]);
      expect(
        bad < 0,
        `\`${change}\` fails; after \`${what}\`: ${now[bad]} instead of ${first[bad]} for ${bad < 0 ? '' : shown(packets[bad])}`,
      );
    };
    machine.fail_at = i + 1;
    run(machine, strict);
  });
});

test('-Remove that fails can be run again', () => {
  const before = picture(machineWith(both));
  const start = machineWith(both);
  run(start, web, {Exclusive: true});
  run(start, strict);
  const rehearsal = start.copy();
  run(rehearsal, strict, {Remove: true});
  same(picture(rehearsal), before, 'firewall');
  rehearsal.changes.forEach((change, i) => {
    const where = `when \`${change}\` fails`;
    const {copy, answer} = failing(start, {policy: strict, given: {Remove: true}}, i + 1, false);
    expect(answer.code === 1 || answer.warning.length > 0, `${where}: exit code ${answer.code}, no warning`);
    const next = run(copy, strict, {Remove: true});
    same(next.code, 0, `${where}: exit code of the next -Remove (${next.text})`);
    same(picture(copy), before, `${where}: firewall`);
  });
});
