# What forbids an apply.

function Get-StoreRefusal {
    $reasons = @()
    $wanted = Get-WantedSetting
    foreach ($name in @('Domain', 'Private', 'Public')) {
        $settings = $script:Profiles.Active[$name]
        $merged = Get-Word -Object $settings -Name 'AllowLocalFirewallRules' -Words $script:SwitchWords
        $inbound = Get-Word -Object $settings -Name 'AllowInboundRules' -Words $script:SwitchWords
        if ($merged -eq 'False' -and @($PolicyRules).Count -gt 0) {
            $reasons += ('profile {0}: a group policy ignores local rules (AllowLocalFirewallRules)' -f $name)
        }
        if ($inbound -eq 'False' -and $PolicyDefaults.ContainsKey('Inbound')) {
            $reasons += ('profile {0}: all inbound rules are ignored (AllowInboundRules)' -f $name)
        }
        foreach ($setting in $wanted.Keys) {
            $active = Get-Setting -Settings $settings -Name $setting
            $local = Get-Setting -Settings $script:Profiles.Local[$name] -Name $setting
            if ($active -ne $wanted[$setting] -and $active -ne $local) {
                $reasons += ('profile {0}: a group policy sets {1} to {2}' -f $name, $setting, $active)
            }
        }
    }
    return $reasons
}

function Get-ProfileWarning {
    $warnings = @()
    foreach ($name in @('Domain', 'Private', 'Public')) {
        $settings = $script:Profiles.Active[$name]
        if ((Get-Word -Object $settings -Name 'Enabled' -Words $script:SwitchWords) -eq 'False') {
            $warnings += ('profile {0}: the firewall is off, so nothing of the policy is in force there' -f $name)
        }
        foreach ($interface in @(Get-List -Object $settings -Name 'DisabledInterfaceAliases')) {
            if ($interface -ne 'NotConfigured') {
                $warnings += ('profile {0}: the firewall leaves out the interface {1}' -f $name, $interface)
            }
        }
    }
    return $warnings
}

function Get-RemotingPort {
    $ports = @(5985, 5986)
    if (-not (Test-Path -LiteralPath 'Variable:PSSenderInfo')) {
        return $ports
    }
    $parts = ([string]$PSSenderInfo.ConnectionString).Split('/')
    if ($parts.Count -gt 2) {
        $ends = $parts[2].Split(':')
        $text = $ends[$ends.Count - 1]
        if ($text -match '^[0-9]{1,5}$' -and $ports -notcontains [int]$text) {
            $ports += [int]$text
        }
    }
    return $ports
}

function Get-ConnectedPeer {
    param([string]$What, [int[]]$Ports, [bool]$Expected)
    $peers = @()
    # Nothing found is an error of this cmdlet.
    $connections = @(Get-NetTCPConnection -State 'Established' -LocalPort $Ports -ErrorAction 'SilentlyContinue')
    foreach ($connection in $connections) {
        $peers += @{
            What = $What
            LocalAddress = [string]$connection.LocalAddress
            LocalPort = [int]$connection.LocalPort
            RemoteAddress = [string]$connection.RemoteAddress
            RemotePort = [int]$connection.RemotePort
        }
    }
    if ($peers.Count -eq 0 -and $Expected) {
        Write-Warning ('No connection of this {0} session is found, so it is not checked for a lock-out.' -f $What)
    }
    return $peers
}

# SSH_CONNECTION holds the address and port of the other end, then those of this one.
function Get-SshPeer {
    $parts = @($env:SSH_CONNECTION.Trim().Split(' '))
    if ($parts.Count -ne 4 -or -not ($parts[1] -match '^[0-9]{1,5}$') -or -not ($parts[3] -match '^[0-9]{1,5}$')) {
        Write-Warning 'SSH_CONNECTION is not as it should be, so this session is not checked for a lock-out.'
        return
    }
    return @{
        What = 'ssh'
        LocalAddress = $parts[2]
        LocalPort = [int]$parts[3]
        RemoteAddress = $parts[0]
        RemotePort = [int]$parts[1]
    }
}

# The connections over which somebody may be running this. A script that was started in a remote session does not always
# see that it is in one, so all that are there count.
function Get-AdministratorPeer {
    $remoting = Test-Path -LiteralPath 'Variable:PSSenderInfo'
    $peers = @(Get-ConnectedPeer -What 'WinRM' -Ports @(Get-RemotingPort) -Expected $remoting)
    $key = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
    if (Test-Path -LiteralPath $key) {
        $port = [int](Get-ItemProperty -LiteralPath $key -Name 'PortNumber').PortNumber
        $desktop = [string]$env:SESSIONNAME -like 'RDP-*'
        $peers += @(Get-ConnectedPeer -What 'RDP' -Ports @($port) -Expected $desktop)
    }
    if ([string]::IsNullOrEmpty($env:SSH_CONNECTION)) {
        $peers += @(Get-ConnectedPeer -What 'ssh' -Ports @(22) -Expected $false)
    } else {
        $peers += @(Get-SshPeer)
    }
    return $peers
}

# An IPv4 connection of a socket for both families is shown as ::ffff:192.0.2.1.
function ConvertTo-PeerAddress {
    param([string]$Text)
    if ($Text.StartsWith('::ffff:') -and $Text.Contains('.')) {
        return ConvertTo-Address -Text $Text.Substring(7)
    }
    return ConvertTo-Address -Text $Text
}

function Test-Holds {
    param([object[]]$Ends, [bigint]$Number)
    return Test-Inside -Inner @($Number, $Number) -Outer $Ends
}

function Test-PeerMatch {
    param([hashtable]$Condition, [hashtable]$Peer, [object]$Local, [object]$Remote)
    if ($Condition.Direction -ne 'Inbound' -or @(-1, 6) -notcontains $Condition.Protocol) {
        return $false
    }
    $family = '6'
    if ((Get-BitCount -Address $Remote) -eq 32) {
        $family = '4'
    }
    $sets = $Condition.Sets
    return (Test-Holds -Ends $sets.LocalPort -Number $Peer.LocalPort) -and
        (Test-Holds -Ends $sets.RemotePort -Number $Peer.RemotePort) -and
        (Test-Holds -Ends $sets['LocalAddress' + $family] -Number (ConvertTo-Number -Address $Local)) -and
        (Test-Holds -Ends $sets['RemoteAddress' + $family] -Number (ConvertTo-Number -Address $Remote))
}

# What refuses a new connection of this peer; nothing when it is allowed. Rules of others do not count: they may go.
function Get-PeerRefusal {
    param([hashtable]$Peer, [object]$Local, [object]$Remote)
    $allowed = $PolicyDefaults.Inbound -eq 'Allow'
    foreach ($entry in $script:Plan.Wanted) {
        if (Test-PeerMatch -Condition $entry.Condition -Peer $Peer -Local $Local -Remote $Remote) {
            if ($entry.Condition.Action -eq 'Block') {
                return ('rule {0}' -f $entry.Wanted.DisplayName)
            }
            $allowed = $true
        }
    }
    if ($allowed) {
        return ''
    }
    return 'the default'
}

function Test-InboundLeft {
    foreach ($rule in $script:Plan.Old) {
        if ((Get-Word -Object $rule -Name 'Direction' -Words $script:DirectionWords) -eq 'Inbound') {
            return $true
        }
    }
    return $false
}

function Get-LockOut {
    $reasons = @()
    if (-not $PolicyDefaults.ContainsKey('Inbound')) {
        if (Test-InboundLeft) {
            Write-Warning ('The policy leaves inbound connections alone, and an older one did not: its rules for them go, ' +
                'and nobody looks whether you can connect again.')
        }
        return $reasons
    }
    foreach ($peer in @(Get-AdministratorPeer)) {
        $local = ConvertTo-PeerAddress -Text $peer.LocalAddress
        $remote = ConvertTo-PeerAddress -Text $peer.RemoteAddress
        if ($null -eq $local -or $null -eq $remote) {
            Write-Warning ('The addresses of a {0} connection are not understood; it is not checked.' -f $peer.What)
        } elseif (-not $peer.RemoteAddress.StartsWith('127.') -and $peer.RemoteAddress -ne '::1') {
            $by = Get-PeerRefusal -Peer $peer -Local $local -Remote $remote
            if ($by -ne '') {
                $reasons += ('{0} from {1} to port {2} would be refused by {3}; under inbound the policy lacks {4}' -f
                    $peer.What, $remote, $peer.LocalPort, $by,
                    ('- {{allow: {0}/tcp, from: "{1}"}}' -f $peer.LocalPort, $remote))
            }
        }
    }
    return $reasons
}
