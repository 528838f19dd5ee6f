// What stands of ours in a simulated firewall.
'use strict';
const {same} = require('./bench');
const {profile_names} = require('./firewall');

function ours(machine) {
  return machine.firewall.rules.filter((rule) => rule.group === 'portpolicy');
}

function enabledNames(machine) {
  return ours(machine)
    .filter((rule) => rule.enabled)
    .map((rule) => rule.name)
    .sort()
    .join(' ');
}

function wantedNames(policy) {
  return (policy.rules ?? [])
    .map((rule) => rule.Name)
    .sort()
    .join(' ');
}

/** The firewall says what the policy says: its rules, enabled, and no others of ours; its defaults and logs. */
function isAsWanted(machine, policy) {
  same(enabledNames(machine), wantedNames(policy), 'rules');
  same(ours(machine).length, (policy.rules ?? []).length, 'rules of ours');
  for (const name of profile_names) {
    for (const [key, setting] of [
      ['Inbound', 'DefaultInboundAction'],
      ['Outbound', 'DefaultOutboundAction'],
    ]) {
      if (policy.defaults?.[key])
        same(machine.firewall.setting(name, setting), policy.defaults[key], `${setting} of ${name}`);
    }
    for (const [key, value] of Object.entries(policy.log ?? {}))
      same(machine.firewall.setting(name, key), value, `${key} of ${name}`);
  }
}

module.exports = {ours, enabledNames, isAsWanted};
