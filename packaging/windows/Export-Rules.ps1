# Writes the rules of the Windows Firewall as JSON, for: portpolicy check --from windows FILE
# It changes nothing. Run it as an administrator; without -Path it writes to the standard output.
#
#   powershell.exe -NoProfile -ExecutionPolicy Bypass -File Export-Rules.ps1 -Path rules.json

#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(PositionalBinding = $false)]
param(
    # The file to write. One that is there already is replaced.
    [string]$Path = '',
    # ActiveStore is all that is in force; PersistentStore the local rules alone; a group policy as DOMAIN\NAME.
    [string]$PolicyStore = 'ActiveStore'
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Enumerations come as words or as numbers. A number that is in no table stays as it is, and its reader says so.
$script:Words = @{
    Enabled = @{ '1' = 'True'; '2' = 'False' }
    Switch = @{ '0' = 'False'; '1' = 'True'; '2' = 'NotConfigured' }
    Direction = @{ '1' = 'Inbound'; '2' = 'Outbound' }
    Action = @{ '0' = 'NotConfigured'; '2' = 'Allow'; '4' = 'Block' }
    EdgeTraversal = @{ '0' = 'Block'; '1' = 'Allow'; '2' = 'DeferToUser'; '3' = 'DeferToApp' }
    Authentication = @{ '0' = 'NotRequired'; '1' = 'Required'; '2' = 'NoEncap' }
    Encryption = @{ '0' = 'NotRequired'; '1' = 'Required'; '2' = 'Dynamic' }
    Status = @{ '0' = 'Unknown'; '1' = 'OK'; '2' = 'Inactive'; '3' = 'Error' }
    Source = @{
        '0' = 'None'; '1' = 'Local'; '2' = 'GroupPolicy'; '3' = 'Dynamic'; '4' = 'Generated'; '5' = 'Hardcoded'
    }
    Target = @{
        '0' = 'Any'; '1' = 'ProximityApps'; '2' = 'ProximitySharing'; '3' = 'WifiDirectPrinting'
        '4' = 'WifiDirectDisplay'; '5' = 'WifiDirectDevices'
    }
}

# Properties that only newer versions of Windows have.
$script:NewerNames = @('RemoteDynamicKeywordAddresses', 'PolicyAppId', 'DisabledInterfaceAliases')

# A property that is not there must not pass for a condition that is not there.
function Get-Value {
    param([object]$Object, [string]$Name)
    $property = $Object.PSObject.Properties[$Name]
    if ($null -ne $property) {
        return $property.Value
    }
    if ($script:NewerNames -notcontains $Name) {
        throw ('this Windows says nothing of {0}, so its rules cannot be exported' -f $Name)
    }
    return $null
}

function Get-Text {
    param([object]$Object, [string]$Name)
    return ([string](Get-Value -Object $Object -Name $Name)).Trim()
}

function Get-Word {
    param([object]$Object, [string]$Name, [hashtable]$Words)
    $text = Get-Text -Object $Object -Name $Name
    if ($Words.ContainsKey($text)) {
        return $Words[$text]
    }
    return $text
}

function Get-List {
    param([object]$Object, [string]$Name)
    $texts = @()
    foreach ($item in @(Get-Value -Object $Object -Name $Name)) {
        $text = ([string]$item).Trim()
        if ($text -ne '') {
            $texts += $text
        }
    }
    return $texts
}

# Sets of flags come as `Domain, Private` or as the sum of their numbers.
function Get-FlagList {
    param([object]$Object, [string]$Name, [string[]]$Flags)
    $text = Get-Text -Object $Object -Name $Name
    if ($text -eq '' -or $text -eq '0') {
        return 'Any'
    }
    $words = @()
    if ($text -match '^[0-9]{1,9}$') {
        $rest = [int]$text
        $bit = 1
        foreach ($flag in $Flags) {
            if (($rest -band $bit) -ne 0) {
                $words += $flag
                $rest = $rest - $bit
            }
            $bit = $bit * 2
        }
        if ($rest -ne 0) {
            $words += [string]$rest
        }
        return $words
    }
    foreach ($word in $text.Split(',')) {
        $words += $word.Trim()
    }
    return $words
}

function Test-True {
    param([object]$Object, [string]$Name)
    return (Get-Text -Object $Object -Name $Name) -eq 'True'
}

# Filters belong to rules by their identity. Where two have one identity, nothing can be said of either.
function ConvertTo-Index {
    param([object[]]$Items, [string]$Kind)
    $index = @{}
    foreach ($item in $Items) {
        $identity = Get-Text -Object $item -Name 'InstanceID'
        if ($index.ContainsKey($identity)) {
            throw ('two {0} filters are called {1}, so it cannot be said whose they are' -f $Kind, $identity)
        }
        $index[$identity] = $item
    }
    return $index
}

# One query of each kind: a query for each rule would take minutes.
function Read-Filter {
    $query = @{ PolicyStore = $PolicyStore; ErrorAction = 'Stop' }
    $filters = @{}
    $filters.Port = ConvertTo-Index -Kind 'port' -Items @(Get-NetFirewallPortFilter @query)
    $filters.Address = ConvertTo-Index -Kind 'address' -Items @(Get-NetFirewallAddressFilter @query)
    $filters.Application = ConvertTo-Index -Kind 'application' -Items @(Get-NetFirewallApplicationFilter @query)
    $filters.Service = ConvertTo-Index -Kind 'service' -Items @(Get-NetFirewallServiceFilter @query)
    $filters.Interface = ConvertTo-Index -Kind 'interface' -Items @(Get-NetFirewallInterfaceFilter @query)
    $filters.InterfaceType = ConvertTo-Index -Kind 'interface type' -Items @(Get-NetFirewallInterfaceTypeFilter @query)
    $filters.Security = ConvertTo-Index -Kind 'security' -Items @(Get-NetFirewallSecurityFilter @query)
    return $filters
}

# A rule without its ports or addresses would read as one for all packets.
function Get-Filter {
    param([hashtable]$Filters, [string]$Kind, [object]$Rule)
    $identity = Get-Text -Object $Rule -Name 'InstanceID'
    if (-not $Filters[$Kind].ContainsKey($identity)) {
        throw ('rule {0} has no {1} filter; was it removed just now? Run this again' -f $identity, $Kind)
    }
    return $Filters[$Kind][$identity]
}

# A condition that has no member of its own stands in that of another, so that it is not lost.
function Join-Condition {
    param([string]$First, [string]$Second)
    if ($Second -eq '' -or $Second -eq 'Any') {
        return $First
    }
    if ($First -eq '' -or $First -eq 'Any') {
        return $Second
    }
    return '{0} {1}' -f $First, $Second
}

# What is not configured has the value that Windows takes then.
function ConvertTo-ProfileEntry {
    param([object]$Settings)
    $inbound = Get-Word -Object $Settings -Name 'DefaultInboundAction' -Words $script:Words.Action
    $outbound = Get-Word -Object $Settings -Name 'DefaultOutboundAction' -Words $script:Words.Action
    if ($inbound -eq '' -or $inbound -eq 'NotConfigured') {
        $inbound = 'Block'
    }
    if ($outbound -eq '' -or $outbound -eq 'NotConfigured') {
        $outbound = 'Allow'
    }
    $enabled = Get-Word -Object $Settings -Name 'Enabled' -Words $script:Words.Switch
    $inboundRules = Get-Word -Object $Settings -Name 'AllowInboundRules' -Words $script:Words.Switch
    $localRules = Get-Word -Object $Settings -Name 'AllowLocalFirewallRules' -Words $script:Words.Switch
    foreach ($interface in @(Get-List -Object $Settings -Name 'DisabledInterfaceAliases')) {
        if ($interface -ne 'NotConfigured') {
            Write-Warning ('the firewall leaves out the interface {0}; what is exported does not say so' -f $interface)
        }
    }
    return [pscustomobject]@{
        name = Get-Text -Object $Settings -Name 'Name'
        enabled = $enabled -ne 'False'
        default_inbound = $inbound
        default_outbound = $outbound
        allow_inbound_rules = $inboundRules -ne 'False'
        allow_local_rules = $localRules -ne 'False'
    }
}

function Get-Source {
    param([object]$Rule)
    $type = Get-Word -Object $Rule -Name 'PolicyStoreSourceType' -Words $script:Words.Source
    if ($type -eq 'GroupPolicy') {
        return 'GPO'
    }
    return $type
}

function ConvertTo-RuleEntry {
    param([object]$Rule, [hashtable]$Filters)
    $port = Get-Filter -Filters $Filters -Kind 'Port' -Rule $Rule
    $address = Get-Filter -Filters $Filters -Kind 'Address' -Rule $Rule
    $application = Get-Filter -Filters $Filters -Kind 'Application' -Rule $Rule
    $service = Get-Filter -Filters $Filters -Kind 'Service' -Rule $Rule
    $interface = Get-Filter -Filters $Filters -Kind 'Interface' -Rule $Rule
    $interfaceType = Get-Filter -Filters $Filters -Kind 'InterfaceType' -Rule $Rule
    $security = Get-Filter -Filters $Filters -Kind 'Security' -Rule $Rule
    $kinds = @('Wired', 'Wireless', 'RemoteAccess')
    $interfaceTypes = @(Get-FlagList -Object $interfaceType -Name 'InterfaceType' -Flags $kinds)
    $program = Get-Text -Object $application -Name 'Program'
    $user = Get-Text -Object $security -Name 'LocalUser'
    return [pscustomobject]@{
        name = Get-Text -Object $Rule -Name 'InstanceID'
        display_name = Get-Text -Object $Rule -Name 'DisplayName'
        group = Get-Text -Object $Rule -Name 'Group'
        store = Get-Source -Rule $Rule
        enabled = (Get-Word -Object $Rule -Name 'Enabled' -Words $script:Words.Enabled) -eq 'True'
        direction = Get-Word -Object $Rule -Name 'Direction' -Words $script:Words.Direction
        action = Get-Word -Object $Rule -Name 'Action' -Words $script:Words.Action
        override_block = Test-True -Object $security -Name 'OverrideBlockRules'
        profiles = @(Get-FlagList -Object $Rule -Name 'Profile' -Flags @('Domain', 'Private', 'Public'))
        protocol = Get-Text -Object $port -Name 'Protocol'
        local_ports = @(Get-List -Object $port -Name 'LocalPort')
        remote_ports = @(Get-List -Object $port -Name 'RemotePort')
        icmp_types = @(Get-List -Object $port -Name 'IcmpType')
        local_addresses = @(Get-List -Object $address -Name 'LocalAddress')
        remote_addresses = @(Get-List -Object $address -Name 'RemoteAddress')
        program = Join-Condition -First $program -Second (Get-Text -Object $Rule -Name 'PolicyAppId')
        package = Get-Text -Object $application -Name 'Package'
        service = Get-Text -Object $service -Name 'Service'
        interfaces = @(Get-List -Object $interface -Name 'InterfaceAlias')
        interface_types = $interfaceTypes
        local_user = Join-Condition -First $user -Second (Get-Text -Object $Rule -Name 'Owner')
        remote_user = Get-Text -Object $security -Name 'RemoteUser'
        remote_machine = Get-Text -Object $security -Name 'RemoteMachine'
        authentication = Get-Word -Object $security -Name 'Authentication' -Words $script:Words.Authentication
        encryption = Get-Word -Object $security -Name 'Encryption' -Words $script:Words.Encryption
        edge_traversal = Get-Word -Object $Rule -Name 'EdgeTraversalPolicy' -Words $script:Words.EdgeTraversal
        dynamic_target = Get-Word -Object $port -Name 'DynamicTarget' -Words $script:Words.Target
        keyword_addresses = @(Get-List -Object $Rule -Name 'RemoteDynamicKeywordAddresses')
        platforms = @(Get-List -Object $Rule -Name 'Platform')
        loose_source_mapping = Test-True -Object $Rule -Name 'LooseSourceMapping'
        local_only_mapping = Test-True -Object $Rule -Name 'LocalOnlyMapping'
        status = Get-Word -Object $Rule -Name 'PrimaryStatus' -Words $script:Words.Status
    }
}

function Get-Document {
    $rules = New-Object System.Collections.ArrayList
    $profiles = New-Object System.Collections.ArrayList
    $filters = Read-Filter
    $query = @{ PolicyStore = $PolicyStore; ErrorAction = 'Stop' }
    # Only with TracePolicyStore do the documents promise that a rule says where it comes from.
    foreach ($rule in @(Get-NetFirewallRule @query -TracePolicyStore:($PolicyStore -eq 'ActiveStore'))) {
        $null = $rules.Add((ConvertTo-RuleEntry -Rule $rule -Filters $filters))
    }
    foreach ($settings in @(Get-NetFirewallProfile @query)) {
        $null = $profiles.Add((ConvertTo-ProfileEntry -Settings $settings))
    }
    return [pscustomobject]@{
        format = 'portpolicy-windows-rules'
        format_version = 1
        store = $PolicyStore
        profiles = $profiles.ToArray()
        rules = $rules.ToArray()
    }
}

try {
    $text = ConvertTo-Json -InputObject (Get-Document) -Depth 5
    if ($Path -eq '') {
        Write-Output $text
    } else {
        # Set-Content of Windows PowerShell would put a mark of three bytes before it. What .NET takes for the current
        # folder is not that of PowerShell, so the path is made a whole one.
        $file = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
        [System.IO.File]::WriteAllText($file, $text)
    }
} catch {
    Write-Error -Message ('Failed: {0}' -f $_.Exception.Message) -ErrorAction Continue
    exit 1
}
exit 0
