// The policies that the engine is tried with, and what stands in a firewall besides.
'use strict';
const {rule} = require('./script');

const nothing = {};

const web = {
  defaults: {Inbound: 'Block'},
  log: {LogBlocked: 'True'},
  rules: [
    rule({
      DisplayName: 'ssh-staff',
      Protocol: 'TCP',
      LocalPort: ['22'],
      RemoteAddress: ['10.0.0.0/8', '2001:db8::/32', '203.0.113.7-203.0.113.9'],
    }),
    rule({DisplayName: 'web', Protocol: 'TCP', LocalPort: ['80', '443', '8080-8090'], LocalAddress: ['192.0.2.10']}),
    rule({DisplayName: 'ping', Protocol: 'ICMPv4', IcmpType: ['8', '3:4'], Description: 'policy.yaml:9'}),
    rule({DisplayName: 'ping 6', Protocol: 'ICMPv6', IcmpType: ['128']}),
    rule({DisplayName: 'tunnel', Protocol: '47', RemoteAddress: ['198.51.100.1']}),
    rule({DisplayName: 'bad', Action: 'Block', RemoteAddress: ['10.66.0.0/16']}),
  ],
};

const strict = {
  defaults: {Inbound: 'Block', Outbound: 'Block'},
  rules: [
    rule({DisplayName: 'ssh', Protocol: 'TCP', LocalPort: ['22'], RemoteAddress: ['10.0.0.0/9', '2001:db8:1::/48']}),
    rule({DisplayName: 'web', Protocol: 'TCP', LocalPort: ['80', '443', '8080-8090'], LocalAddress: ['192.0.2.10']}),
    rule({DisplayName: 'ping', Protocol: 'ICMPv4', IcmpType: ['8']}),
    rule({
      DisplayName: 'bad web',
      Action: 'Block',
      Protocol: 'TCP',
      LocalPort: ['443'],
      RemoteAddress: ['10.64.0.0/10'],
    }),
    rule({
      DisplayName: 'dns',
      Direction: 'Outbound',
      Protocol: 'UDP',
      RemotePort: ['53'],
      RemoteAddress: ['192.0.2.53', '2001:db8::53'],
    }),
    rule({
      DisplayName: 'https',
      Direction: 'Outbound',
      Protocol: 'TCP',
      RemotePort: ['443'],
      LocalPort: ['1024-65535'],
    }),
    rule({DisplayName: 'no smtp', Direction: 'Outbound', Action: 'Block', Protocol: 'TCP', RemotePort: ['25']}),
  ],
};

const open = {
  defaults: {Inbound: 'Allow'},
  log: {LogAllowed: 'False', LogBlocked: 'False'},
  rules: [
    rule({
      DisplayName: 'no files',
      Action: 'Block',
      Protocol: 'TCP',
      LocalPort: ['139', '445'],
      RemoteAddress: ['0.0.0.0-9.255.255.255', '11.0.0.0-255.255.255.255'],
    }),
    rule({
      DisplayName: 'no files 6',
      Action: 'Block',
      Protocol: 'TCP',
      LocalPort: ['139', '445'],
      RemoteAddress: ['::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    }),
    rule({DisplayName: 'bad', Action: 'Block', RemoteAddress: ['10.66.0.0/16']}),
  ],
};

const closed = {defaults: {Inbound: 'Block', Outbound: 'Block'}};

/** `web` with other words: the same rules to Windows. */
const reworded = {
  ...web,
  rules: web.rules.map((one) => ({...one, DisplayName: `${one.DisplayName} again`, Description: 'other.yaml:7'})),
};

/** What Windows, installers and an administrator have put there. Nothing of it is against `strict`'s blocks alone. */
function furnish(firewall) {
  firewall.add({
    Name: 'CoreNet-DHCP-In',
    DisplayName: 'Core Networking - DHCP',
    Group: '@FirewallAPI.dll,-25000',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'UDP',
    LocalPort: ['68'],
    RemotePort: ['67'],
    Program: '%SystemRoot%\\system32\\svchost.exe',
    Service: 'dhcp',
  });
  firewall.add({
    Name: 'RemoteDesktop-UserMode-In-TCP',
    DisplayName: 'Remote Desktop',
    Group: '@FirewallAPI.dll,-28752',
    Direction: 'Inbound',
    Action: 'Allow',
    Enabled: 'False',
    Protocol: 'TCP',
    LocalPort: ['3389'],
  });
  firewall.add({
    Name: 'odd [name] * ?',
    DisplayName: 'covered by web',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'TCP',
    LocalPort: ['8085'],
    LocalAddress: ['192.0.2.10'],
    Profile: 'Domain,Private',
  });
}

/** Rules of others that say something else than `web`, by name. */
function contradict(firewall) {
  firewall.add({
    Name: 'TCP Query User{1}C:\\app.exe',
    DisplayName: 'app',
    Direction: 'Inbound',
    Action: 'Block',
    Protocol: 'TCP',
    Program: 'C:\\app.exe',
  });
  firewall.add({
    Name: 'backup [old]',
    DisplayName: 'backup',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'TCP',
    LocalPort: ['10000'],
  });
  firewall.add({
    Name: 'backup o',
    DisplayName: 'of another name that a wildcard would take',
    Direction: 'Outbound',
    Action: 'Allow',
    Protocol: 'TCP',
  });
  firewall.add({
    Name: 'block-web',
    DisplayName: 'block web',
    Direction: 'Inbound',
    Action: 'Block',
    Protocol: 'TCP',
    LocalPort: ['440-450'],
    RemoteAddress: ['198.51.100.0/24'],
  });
  firewall.add({
    Name: 'subnet',
    DisplayName: 'subnet',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'UDP',
    LocalPort: ['5353'],
    RemoteAddress: ['LocalSubnet'],
  });
  firewall.add(
    {
      Name: 'gpo-rdp',
      DisplayName: 'RDP of the domain',
      Direction: 'Inbound',
      Action: 'Allow',
      Protocol: 'TCP',
      LocalPort: ['3389'],
    },
    'example.org\\Servers',
  );
  // These agree with it: what our allow takes wholly, what our block takes wholly, what goes out.
  firewall.add({
    Name: 'narrow',
    DisplayName: 'narrow',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'TCP',
    LocalPort: ['22'],
    RemoteAddress: ['10.1.0.0/16'],
  });
  firewall.add({
    Name: 'beaten',
    DisplayName: 'beaten',
    Direction: 'Inbound',
    Action: 'Allow',
    Protocol: 'UDP',
    RemoteAddress: ['10.66.1.0/24'],
  });
  return {
    local: ['TCP Query User{1}C:\\app.exe', 'backup [old]', 'block-web', 'subnet'],
    policy: ['gpo-rdp'],
    silent: ['narrow', 'beaten', 'backup o', 'odd [name] * ?', 'RemoteDesktop-UserMode-In-TCP'],
  };
}

module.exports = {nothing, web, strict, open, closed, reworded, furnish, contradict};
