// A simulated Windows Firewall: the local store, rules of group policies, profiles, and the NetSecurity cmdlets over
// them. It counts what is asked of it and changed in it, and can be told to fail.
'use strict';
const {PowerShellError, Unsupported, Enum, PSObject, toText} = require('./values');
const {enumerations} = require('./schema');
const {wildcard} = require('./operators');
const rules = require('./rules');

const profile_names = ['Domain', 'Private', 'Public'];
const profile_bits = {Domain: 1, Private: 2, Public: 4};
const settings = [
  'Enabled',
  'DefaultInboundAction',
  'DefaultOutboundAction',
  'AllowInboundRules',
  'AllowLocalFirewallRules',
  'LogAllowed',
  'LogBlocked',
];
const meaning = {
  Enabled: 'True',
  DefaultInboundAction: 'Block',
  DefaultOutboundAction: 'Allow',
  AllowInboundRules: 'True',
  AllowLocalFirewallRules: 'True',
  LogAllowed: 'False',
  LogBlocked: 'False',
};
const readable_stores = ['PersistentStore', 'ActiveStore'];

function enumValue(kind, word) {
  return Enum.of(enumerations[kind], word);
}

class Firewall {
  constructor(machine) {
    this.machine = machine;
    this.rules = [];
    this.profiles = Object.fromEntries(
      profile_names.map((name) => [name, Object.fromEntries(settings.map((setting) => [setting, 'NotConfigured']))]),
    );
    // What a group policy sets of the profiles, by profile.
    this.policy = {Domain: {}, Private: {}, Public: {}};
    this.asked = {};
    // One entry comes as a text and several as an array, as the script properties of the filters do; or always as an
    // array.
    this.unrolled = true;
  }

  /** The state, to be compared with another one. */
  picture() {
    return JSON.stringify(
      {rules: [...this.rules].sort((a, b) => (a.name < b.name ? -1 : 1)), profiles: this.profiles},
      (key, value) => (typeof value === 'bigint' ? String(value) : value),
    );
  }

  /** A rule that is there before a script runs, made like New-NetFirewallRule makes one. */
  add(given, store = 'PersistentStore') {
    const typed = {...given};
    for (const [name, kind] of Object.entries({
      Direction: 'Direction',
      Action: 'Action',
      Enabled: 'Enabled',
      Profile: 'Profile',
      EdgeTraversalPolicy: 'EdgeTraversal',
      Authentication: 'Authentication',
      InterfaceType: 'InterfaceType',
    })) {
      if (name in typed) typed[name] = enumValue(kind, typed[name]);
    }
    const rule = {...rules.make(typed), store};
    this.rules.push(rule);
    return rule;
  }

  // ---- what is in force

  setting(profile, name) {
    const set = this.policy[profile][name] ?? this.profiles[profile][name];
    return set === 'NotConfigured' ? meaning[name] : set;
  }

  /** The rules of a store; a rule of a group policy takes the place of a local one of its name. */
  inStore(store) {
    const local = this.rules.filter((rule) => rule.store === 'PersistentStore');
    if (store === 'PersistentStore') return local;
    const policy = this.rules.filter((rule) => rule.store !== 'PersistentStore');
    const merged = profile_names.every((name) => this.setting(name, 'AllowLocalFirewallRules') === 'True');
    return [...(merged ? local.filter((rule) => !policy.some((other) => other.name === rule.name)) : []), ...policy];
  }

  /** What decides packets in the present state: bypass > block > allow > default. */
  judge() {
    const enabled = this.inStore('ActiveStore').filter((rule) => rule.enabled);
    const settings_of = Object.fromEntries(
      profile_names.map((name) => [
        profile_bits[name],
        Object.fromEntries(settings.map((setting) => [setting, this.setting(name, setting)])),
      ]),
    );
    return (packet) => {
      const profile = settings_of[packet.profile];
      if (profile.Enabled === 'False') return 'Allow';
      const inbound = packet.direction === 'Inbound';
      if (inbound && profile.AllowInboundRules === 'False') return 'Block';
      const matching = enabled.filter((rule) => rules.matches(rule, packet));
      if (matching.some((rule) => rule.override)) return 'Allow';
      if (matching.some((rule) => rule.action === 'Block')) return 'Block';
      if (matching.length > 0) return 'Allow';
      return inbound ? profile.DefaultInboundAction : profile.DefaultOutboundAction;
    };
  }

  // ---- the cmdlets

  /** Their bodies by name: arguments by name in, objects out. An error is one of the firewall, not of the call. */
  commands() {
    const filters = {
      Port: this.portFilter,
      Address: this.addressFilter,
      Application: this.applicationFilter,
      Service: this.serviceFilter,
      Interface: this.interfaceFilter,
      InterfaceType: this.interfaceTypeFilter,
      Security: this.securityFilter,
    };
    const commands = {
      'Get-NetFirewallRule': (given) => this.ask('Rule', given, () => this.getRules(given)),
      'New-NetFirewallRule': (given) => this.newRule(given),
      'Set-NetFirewallRule': (given) => this.setRule(given),
      'Remove-NetFirewallRule': (given) => this.removeRule(given),
      'Get-NetFirewallProfile': (given) => this.ask('Profile', given, () => this.getProfiles(given)),
      'Set-NetFirewallProfile': (given) => this.setProfile(given),
    };
    for (const [kind, make] of Object.entries(filters)) {
      commands[`Get-NetFirewall${kind}Filter`] = (given) =>
        this.ask(`${kind}Filter`, given, () => this.getFilters(given, make));
    }
    return commands;
  }

  ask(kind, given, answer) {
    const key = `${kind} of ${given.PolicyStore ?? 'PersistentStore'}`;
    this.asked[key] = (this.asked[key] ?? 0) + 1;
    return answer();
  }

  store(given) {
    const store = readable_stores.find(
      (name) => name.toLowerCase() === (given.PolicyStore ?? 'PersistentStore').toLowerCase(),
    );
    if (!store) throw new Unsupported(`the store ${given.PolicyStore}`);
    return store;
  }

  only(given, allowed) {
    for (const name of Object.keys(given))
      if (!allowed.includes(name)) throw new Unsupported(`-${name}: not simulated`);
  }

  getRules(given) {
    this.only(given, ['PolicyStore', 'Name', 'Group', 'All', 'TracePolicyStore']);
    let found = this.inStore(this.store(given));
    for (const [parameter, field] of [
      ['Name', 'name'],
      ['Group', 'group'],
    ]) {
      if (!given[parameter]) continue;
      found = found.filter((rule) => given[parameter].some((text) => wildcard(text).test(rule[field] ?? '')));
      if (found.length === 0)
        throw new PowerShellError(
          `No MSFT_NetFirewallRule objects found with property '${parameter}' equal to '${given[parameter]}'.`,
        );
    }
    return found.map((rule) => this.ruleObject(rule, this.store(given)));
  }

  ruleObject(rule, store) {
    const local = rule.store === 'PersistentStore';
    const object = PSObject.of(
      {
        Name: rule.name,
        InstanceID: rule.name,
        ID: rule.name,
        DisplayName: rule.display_name,
        Description: rule.description,
        Group: rule.group,
        DisplayGroup: rule.group,
        Enabled: enumValue('Enabled', rule.enabled ? 'True' : 'False'),
        Profile: new Enum(enumerations.Profile, rule.profiles),
        Platform: [],
        Direction: enumValue('Direction', rule.direction),
        Action: enumValue('Action', rule.action),
        EdgeTraversalPolicy: enumValue('EdgeTraversal', rule.edge),
        LooseSourceMapping: false,
        LocalOnlyMapping: false,
        Owner: rule.owner ?? null,
        PrimaryStatus: enumValue('PrimaryStatus', 'OK'),
        Status: 'The rule was parsed successfully from the store. (65536)',
        EnforcementStatus: store === 'ActiveStore' ? 'Enforced' : 'NotApplicable',
        PolicyStoreSource: rule.store,
        PolicyStoreSourceType: enumValue('PolicyStoreType', local ? 'Local' : 'GroupPolicy'),
      },
      'MSFT_NetFirewallRule',
    );
    object.rule = rule;
    object.from = store;
    return object;
  }

  getFilters(given, make) {
    this.only(given, ['PolicyStore', 'All']);
    const found = this.inStore(this.store(given)).map((rule) => this.filterObject(make.call(this, rule), rule.name));
    // Connection security rules have filters too, and these come with the rest.
    const ipsec = make.call(this, rules.make({Name: 'x', DisplayName: 'x'}));
    return [...found.reverse(), this.filterObject(ipsec, '{ipsec-rule}')];
  }

  filterObject(values, id) {
    return PSObject.of({...values, InstanceID: id, CreationClassName: 'MSFT'}, 'MSFT_NetFilter');
  }

  list(texts) {
    return this.unrolled && texts.length === 1 ? texts[0] : texts;
  }

  portFilter(rule) {
    return {
      Protocol: rules.protocolText(rule),
      LocalPort: this.list(rules.portTexts(rule.local_ports)),
      RemotePort: this.list(rules.portTexts(rule.remote_ports)),
      IcmpType: this.list(rules.icmpTexts(rule.icmp)),
      DynamicTarget: enumValue('DynamicTransport', 'Any'),
      DynamicTransport: enumValue('DynamicTransport', 'Any'),
    };
  }

  addressFilter(rule) {
    const [local, remote] = [rule.local, rule.remote].map((list) => this.list(rules.addressTexts(list)));
    return {LocalAddress: local, LocalIP: local, RemoteAddress: remote, RemoteIP: remote};
  }

  applicationFilter(rule) {
    return {Program: rule.program ?? 'Any', Package: rule.package};
  }
  serviceFilter(rule) {
    return {Service: rule.service ?? 'Any'};
  }
  interfaceFilter(rule) {
    return {InterfaceAlias: rule.interfaces ? this.list(rule.interfaces) : 'Any'};
  }
  interfaceTypeFilter(rule) {
    return {InterfaceType: new Enum(enumerations.InterfaceType, rule.interface_type)};
  }

  securityFilter(rule) {
    return {
      Authentication: enumValue('Authentication', rule.authentication),
      Encryption: enumValue('Encryption', 'NotRequired'),
      OverrideBlockRules: rule.override,
      LocalUser: rule.local_user ?? 'Any',
      RemoteUser: 'Any',
      RemoteMachine: 'Any',
    };
  }

  newRule(given) {
    this.only(given, [
      'PolicyStore',
      'Name',
      'DisplayName',
      'Description',
      'Group',
      'Enabled',
      'Profile',
      'Direction',
      'Action',
      'EdgeTraversalPolicy',
      'Protocol',
      'LocalPort',
      'RemotePort',
      'IcmpType',
      'LocalAddress',
      'RemoteAddress',
    ]);
    if (this.store(given) !== 'PersistentStore') throw new Unsupported('a new rule elsewhere than in the local store');
    const rule = rules.make(given);
    return this.machine.change(`add ${rule.action} ${rule.name}`, () => {
      if (this.local(rule.name))
        throw new PowerShellError('Cannot create a file when that file already exists. (Windows System Error 183)');
      this.rules.push(rule);
      return [this.ruleObject(rule, 'PersistentStore')];
    });
  }

  local(name) {
    return this.rules.find(
      (rule) => rule.store === 'PersistentStore' && rule.name.toLowerCase() === name.toLowerCase(),
    );
  }

  /** The rules of the store that -InputObject or -Name means; a name may have wildcards. */
  meant(given) {
    if (given.InputObject) {
      return given.InputObject.map((object) => {
        if (!object.rule) throw new PowerShellError('Cannot bind parameter InputObject.');
        if (object.rule.store !== 'PersistentStore') throw new PowerShellError('Access is denied.');
        if (!this.rules.includes(object.rule)) throw new PowerShellError('The system cannot find the file specified.');
        if (object.from !== 'PersistentStore')
          throw new Unsupported('a rule read from another store than the local one is changed');
        return object.rule;
      });
    }
    if (!given.Name) throw new Unsupported('rules chosen otherwise than by -InputObject or -Name');
    if (this.store(given) !== 'PersistentStore') throw new Unsupported('a change of another store than the local one');
    const found = this.inStore('PersistentStore').filter((rule) =>
      given.Name.some((text) => wildcard(text).test(rule.name)),
    );
    if (found.length === 0)
      throw new PowerShellError(
        `No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '${given.Name}'.`,
      );
    return found;
  }

  setRule(given) {
    this.only(given, ['PolicyStore', 'Name', 'InputObject', 'Enabled', 'NewDisplayName', 'Description']);
    const meant = this.meant(given);
    const what = given.Enabled ? (given.Enabled.word === 'True' ? 'enable' : 'disable') : 'rename';
    return this.machine.change(`${what} ${meant.map((rule) => `${rule.action} ${rule.name}`).join(', ')}`, () => {
      for (const rule of meant) {
        if (given.Enabled) rule.enabled = given.Enabled.word === 'True';
        if (given.NewDisplayName !== undefined) rule.display_name = given.NewDisplayName;
        if (given.Description !== undefined) rule.description = given.Description;
      }
      return [];
    });
  }

  removeRule(given) {
    this.only(given, ['PolicyStore', 'Name', 'InputObject']);
    const meant = this.meant(given);
    return this.machine.change(`remove ${meant.map((rule) => `${rule.action} ${rule.name}`).join(', ')}`, () => {
      this.rules = this.rules.filter((rule) => !meant.includes(rule));
      return [];
    });
  }

  getProfiles(given) {
    this.only(given, ['PolicyStore', 'Name', 'All']);
    const active = this.store(given) === 'ActiveStore';
    return this.profilesOf(given).map((name) => {
      const value = (setting) => (active ? this.setting(name, setting) : this.profiles[name][setting]);
      const kind = (setting) => (setting.startsWith('Default') ? 'Action' : 'GpoBoolean');
      return PSObject.of(
        {
          Name: name,
          Profile: name,
          InstanceID: name,
          ...Object.fromEntries(settings.map((setting) => [setting, enumValue(kind(setting), value(setting))])),
          LogFileName: '%systemroot%\\system32\\LogFiles\\Firewall\\pfirewall.log',
          LogMaxSizeKilobytes: 4096n,
        },
        'MSFT_NetFirewallProfile',
      );
    });
  }

  profilesOf(given) {
    if (!given.Name) return profile_names;
    return given.Name.map((text) => {
      const name = profile_names.find((known) => known.toLowerCase() === text.toLowerCase());
      if (!name)
        throw new PowerShellError(`No MSFT_NetFirewallProfile objects found with property 'Name' equal to '${text}'.`);
      return name;
    });
  }

  setProfile(given) {
    const own = settings.filter((setting) => setting in given);
    this.only(given, ['PolicyStore', 'Name', 'All', ...settings]);
    if (this.store(given) !== 'PersistentStore') throw new Unsupported('profiles of another store than the local one');
    if (own.length === 0) throw new Unsupported('Set-NetFirewallProfile that sets nothing');
    const words = own.map((setting) => [setting, toText(given[setting])]);
    if (words.some(([, word]) => word === 'NotConfigured'))
      throw new PowerShellError('NotConfigured is for group policies only.');
    const names = this.profilesOf(given);
    return this.machine.change(`set ${words.map((pair) => pair.join(' ')).join(', ')} of ${names.join(', ')}`, () => {
      for (const name of names) for (const [setting, word] of words) this.profiles[name][setting] = word;
      return [];
    });
  }
}

module.exports = {Firewall, profile_names};
