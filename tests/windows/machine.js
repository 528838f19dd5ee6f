// A simulated Windows machine: its firewall, its files, who is connected, and the commands that a script may use.
'use strict';
const {PowerShellError, Unsupported, Hashtable, PSObject, List, Enum, toText, toArray} = require('./values');
const {Firewall} = require('./firewall');
const {Files} = require('./files');
const {toJson, fromJson} = require('./json');
const schema = require('./schema');

const registry_port = 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp';

/** The script is stopped where it stands: nothing of it runs any more. */
// Who owns a file and who has rights on it, in the language of security descriptors (MS-DTYP, section 2.5.1).
function sddlOf(owner) {
  const everyUser = owner === 'shared' ? '(A;OICIID;0x1301bf;;;BU)' : '';
  return `O:${owner === 'foreign' ? 'S-1-5-21-1-2-3-1001' : 'BA'}G:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)${everyUser}`;
}

class Killed extends Error {}

class Machine {
  constructor() {
    this.firewall = new Firewall(this);
    this.files = new Files();
    this.environment = {
      programdata: 'C:\\ProgramData',
      systemroot: 'C:\\Windows',
      sessionname: 'Console',
      computername: 'SERVER',
    };
    this.variables = {};
    this.connections = [];
    this.registry = {[registry_port.toLowerCase()]: {PortNumber: 3389}};
    this.clock = 0;
    // What was changed, in its order; `fail_at` is the number of the change that fails (from 1), before it acts or
    // after; `fail_on` lets all fail that come behind it, too.
    this.changes = [];
    this.fail_at = 0;
    this.fail_on = false;
    this.fail_after_acting = false;
    // The number of the question of -Confirm that is answered with No.
    this.no_at = 0;
    // The number of the change behind which the power goes.
    this.killed_after = 0;
    this.after_change = () => {};
    this.fixed_calls = {
      'system.io.file::writealltext': (_, [path, text]) => {
        this.change(`write ${path}`, () => this.files.write(path, text));
      },
    };
    this.commands = this.makeCommands();
  }

  /** Another machine in the same state, with nothing counted. */
  copy() {
    const other = new Machine();
    Object.assign(
      other.firewall,
      structuredClone({
        rules: this.firewall.rules,
        profiles: this.firewall.profiles,
        policy: this.firewall.policy,
        unrolled: this.firewall.unrolled,
      }),
    );
    for (const name of ['texts', 'folders', 'owners', 'links']) other.files[name] = structuredClone(this.files[name]);
    for (const name of ['environment', 'variables']) other[name] = {...this[name]};
    other.registry = structuredClone(this.registry);
    other.connections = [...this.connections];
    other.clock = this.clock;
    return other;
  }

  /** Anything that changes the machine goes through here. */
  change(what, act) {
    this.changes.push(what);
    const failing = this.changes.length === this.fail_at || (this.fail_on && this.changes.length > this.fail_at);
    if (failing && !this.fail_after_acting) throw new PowerShellError(`simulated failure: ${what}`);
    const answer = act();
    this.after_change(what);
    if (failing) throw new PowerShellError(`simulated failure after: ${what}`);
    if (this.changes.length === this.killed_after) throw new Killed();
    return answer;
  }

  /** A path that does not begin at a drive begins in PowerShell's folder. */
  fullPath(path) {
    return /^[a-z]:\\/i.test(path) ? path : `C:\\${path}`;
  }

  // ---- commands

  makeCommands() {
    const commands = new Map();
    const bodies = {...this.firewall.commands(), ...this.fileCommands(), ...this.otherCommands()};
    for (const [name, body] of Object.entries(bodies)) {
      const cmdlet = schema.find(name);
      if (!cmdlet) throw new Error(`cmdlets.json has no ${name}`);
      commands.set(name.toLowerCase(), {
        params: schema.parametersOf(cmdlet),
        common: schema.commonOf(cmdlet),
        run: (call) => this.runCmdlet(name, cmdlet, body, call),
      });
    }
    for (const [name, body] of Object.entries(this.programs())) {
      commands.set(name, {program: true, params: [], run: (call) => this.runProgram(body, call)});
    }
    return commands;
  }

  runCmdlet(name, cmdlet, body, call) {
    const {interpreter, scope, named, positional} = call;
    // Wrong parameters end a command whatever -ErrorAction says.
    const given = schema.bindTo(cmdlet, name, named, positional);
    try {
      const out = body(given, call);
      return Array.isArray(out) ? out : [out];
    } catch (problem) {
      if (!(problem instanceof PowerShellError)) throw problem;
      // The cmdlets of NetSecurity and NetTCPIP are functions of a module, which see no preference that a script sets.
      interpreter.fail({...call, scope}, problem.message, {own_preference: cmdlet.module === 'core'});
      return [];
    }
  }

  runProgram(body, {interpreter, named, positional}) {
    if (named.size > 0) throw new Unsupported('parameters with a dash for a program');
    const {code, lines} = body(positional.map(toText));
    interpreter.scope.variables.set('lastexitcode', code);
    return lines;
  }

  programs() {
    return {
      'netsh.exe': (given) => {
        if (given.slice(0, 2).join(' ') !== 'advfirewall export' || given.length !== 3)
          throw new Unsupported(`netsh ${given.join(' ')}`);
        try {
          return this.change(`write ${given[2]}`, () => {
            if (this.files.has(given[2])) return {code: 1, lines: ['The file exists.']};
            this.files.write(given[2], 'backup');
            return {code: 0, lines: ['Ok.', '']};
          });
        } catch (problem) {
          if (!(problem instanceof PowerShellError)) throw problem;
          return {code: 1, lines: [problem.message]};
        }
      },
      'icacls.exe': (given) => {
        try {
          return this.change(`protect ${given[0]}`, () => {
            this.files.owners.set(this.files.key(given[0]), 'protected');
            return {code: 0, lines: ['Successfully processed 1 files; Failed processing 0 files']};
          });
        } catch (problem) {
          if (!(problem instanceof PowerShellError)) throw problem;
          return {code: 5, lines: [problem.message]};
        }
      },
    };
  }

  // ---- files

  path(given) {
    const paths = given.LiteralPath ?? given.Path;
    const list = Array.isArray(paths) ? paths : [paths];
    if (list.length !== 1) throw new Unsupported('several paths');
    if (!given.LiteralPath && /[*?[\]]/.test(list[0])) throw new Unsupported(`a path with wildcards: ${list[0]}`);
    return list[0];
  }

  fileCommands() {
    const files = this.files;
    return {
      'Test-Path': (given, {scope}) => {
        const path = this.path(given);
        const variable = /^variable:(.*)$/i.exec(path);
        if (variable) return scope.find(variable[1].replace(/^\\/, '').toLowerCase()) !== null;
        const entry = /^env:(.*)$/i.exec(path);
        if (entry) return entry[1].toLowerCase() in this.environment;
        if (/^hklm:/i.test(path)) return path.toLowerCase() in this.registry;
        const kind = given.PathType?.toLowerCase() ?? 'any';
        return kind === 'container'
          ? files.isFolder(path)
          : kind === 'leaf'
            ? files.has(path) && !files.isFolder(path)
            : files.has(path);
      },
      'Get-Item': (given) => {
        const path = this.path(given);
        if (!files.has(path)) throw new PowerShellError(`Cannot find path '${path}' because it does not exist.`);
        const attributes = {Hidden: 2, Directory: 16, Archive: 32, ReparsePoint: 1024};
        const value = (files.isFolder(path) ? 16 : 32) | (files.links.has(files.key(path)) ? 1024 : 0);
        return PSObject.of(
          {FullName: path, PSIsContainer: files.isFolder(path), Attributes: new Enum(attributes, value)},
          'FileSystemInfo',
        );
      },
      'Get-Acl': (given) =>
        PSObject.of(
          {
            Sddl: sddlOf(files.owners.get(files.key(this.path(given)))),
          },
          'Acl',
        ),
      'Get-Content': (given) => {
        if (!given.Raw) throw new Unsupported('Get-Content without -Raw');
        return files.read(this.path(given));
      },
      'New-Item': (given) => {
        if (given.ItemType?.toLowerCase() !== 'directory')
          throw new Unsupported('New-Item of something else than a folder');
        const path = this.path(given);
        return this.change(`make ${path}`, () => {
          if (!(given.Force && files.isFolder(path))) files.makeFolder(path);
          return PSObject.of({FullName: path}, 'FileSystemInfo');
        });
      },
      'Set-Content': (given) =>
        this.change(`write ${this.path(given)}`, () => {
          files.write(
            this.path(given),
            toArray(given.Value)
              .map((line) => `${toText(line)}${given.NoNewline ? '' : '\r\n'}`)
              .join(''),
          );
          return [];
        }),
      'Remove-Item': (given) =>
        this.change(`remove ${this.path(given)}`, () => {
          files.remove(this.path(given), {recurse: given.Recurse});
          return [];
        }),
      'Move-Item': (given) =>
        this.change(`move ${this.path(given)} to ${given.Destination}`, () => {
          files.move(this.path(given), given.Destination, given.Force);
          return [];
        }),
    };
  }

  // ---- the rest

  otherCommands() {
    return {
      'Get-NetTCPConnection': (given) => this.getConnections(given),
      'Get-ItemProperty': (given) => {
        const key = this.registry[this.path(given).toLowerCase()];
        if (!key) throw new PowerShellError(`Cannot find path '${this.path(given)}' because it does not exist.`);
        for (const name of given.Name ?? [])
          if (!(name in key)) throw new PowerShellError(`Property ${name} does not exist.`);
        return PSObject.of({...key, PSPath: this.path(given)}, 'RegistryKey');
      },
      'Get-Variable': (given, {scope}) => {
        if (!given.ValueOnly || given.Name.length !== 1) throw new Unsupported('Get-Variable without -ValueOnly');
        const found = scope.find(given.Name[0].toLowerCase());
        if (!found) throw new PowerShellError(`Cannot find a variable with the name '${given.Name[0]}'.`);
        return found.variables.get(given.Name[0].toLowerCase());
      },
      'Get-Date': (given) => this.date(given.Format),
      'Join-Path': (given) => `${given.Path[0].replace(/\\+$/, '')}\\${given.ChildPath.replace(/^\\+/, '')}`,
      'ConvertTo-Json': (given) => {
        const text = toJson(given.InputObject, given.Depth ?? 2);
        return given.Compress ? JSON.stringify(JSON.parse(text)) : text;
      },
      'ConvertFrom-Json': (given) => [fromJson(given.InputObject)],
      'New-Object': (given) => [newObject(given.TypeName, given.ArgumentList ?? [], this)],
      'Write-Output': (given) => (given.NoEnumerate ? [given.InputObject] : toArray(given.InputObject)),
      'Write-Warning': (given, {interpreter}) => {
        interpreter.said.warning.push(given.Message);
        return [];
      },
      'Write-Verbose': (given, {interpreter}) => {
        interpreter.said.verbose.push(given.Message);
        return [];
      },
      'Write-Error': (given) => {
        throw new PowerShellError(given.Message);
      },
      'Set-StrictMode': (given, {interpreter}) => {
        interpreter.strict = given.Version;
        return [];
      },
    };
  }

  getConnections(given) {
    const fits = (list, value) =>
      !list || list.some((one) => toText(one).toLowerCase() === toText(value).toLowerCase());
    for (const name of Object.keys(given))
      if (!['State', 'LocalPort', 'RemotePort', 'LocalAddress', 'RemoteAddress'].includes(name))
        throw new Unsupported(`Get-NetTCPConnection -${name}`);
    const found = this.connections.filter((one) => Object.keys(given).every((name) => fits(given[name], one[name])));
    if (found.length === 0) throw new PowerShellError('No matching MSFT_NetTCPConnection objects found by CIM query.');
    return found.map((one) => PSObject.of(one, 'MSFT_NetTCPConnection'));
  }

  date(format) {
    if (!format) throw new Unsupported('Get-Date without -Format');
    const second = String(this.clock++ % 60).padStart(2, '0');
    return format.replace(
      /yyyy|MM|dd|HH|mm|ss/g,
      (part) => ({yyyy: '2026', MM: '11', dd: '23', HH: '04', mm: '05', ss: second})[part],
    );
  }
}

function newObject(type, given, machine) {
  const name = type.toLowerCase().replace(/^system\./, '');
  if (name === 'collections.arraylist' && given.length === 0) return new List();
  if (name === 'collections.hashtable' && given.length === 0) return new Hashtable({exact: true});
  const list = /^collections\.generic\.list\[(.+)\]$/.exec(name);
  if (list && given.length === 0) return new List(list[1]);
  const made = machine.newObject?.(name, given);
  if (made) return made;
  throw new Unsupported(`New-Object ${type}`);
}

module.exports = {Machine, Killed};
