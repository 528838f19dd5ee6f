# Values as Windows gives them.

# Enumerations come as words or as numbers; each table takes the numbers, and words pass as they are.
$script:EnabledWords = @{ '1' = 'True'; '2' = 'False' }
$script:DirectionWords = @{ '1' = 'Inbound'; '2' = 'Outbound' }
$script:ActionWords = @{ '0' = 'NotConfigured'; '2' = 'Allow'; '4' = 'Block' }
$script:SwitchWords = @{ '0' = 'False'; '1' = 'True'; '2' = 'NotConfigured' }
$script:StatusWords = @{ '0' = 'Unknown'; '1' = 'OK'; '2' = 'Inactive'; '3' = 'Error' }
$script:SourceWords = @{
    '0' = 'None'; '1' = 'Local'; '2' = 'GroupPolicy'; '3' = 'Dynamic'; '4' = 'Generated'; '5' = 'Hardcoded'
}

# The settings of a profile that a policy may set, and what one means that is not configured.
$script:SettingMeaning = @{
    DefaultInboundAction = 'Block'; DefaultOutboundAction = 'Allow'; LogAllowed = 'False'; LogBlocked = 'False'
}
$script:SettingNames = @('DefaultInboundAction', 'DefaultOutboundAction', 'LogAllowed', 'LogBlocked')
$script:SettingWords = @{
    DefaultInboundAction = $script:ActionWords; DefaultOutboundAction = $script:ActionWords
    LogAllowed = $script:SwitchWords; LogBlocked = $script:SwitchWords
}

$script:ProtocolNumbers = @{
    'Any' = -1; '256' = -1; 'HOPOPT' = 0; 'ICMPv4' = 1; 'IGMP' = 2; 'TCP' = 6; 'UDP' = 17; 'IPv6' = 41
    'IPv6-Route' = 43; 'IPv6-Frag' = 44; 'GRE' = 47; 'ICMPv6' = 58; 'IPv6-NoNxt' = 59; 'IPv6-Opts' = 60
    'VRRP' = 112; 'PGM' = 113; 'L2TP' = 115
}

# Properties that only newer versions of Windows have.
$script:NewerNames = @('RemoteDynamicKeywordAddresses', 'PolicyAppId', 'DisabledInterfaceAliases')

# What else a rule can ask for than addresses, protocol, ports and types; beside each, the values that ask nothing.
$script:OtherParts = @(
    @{ Kind = 'Rule'; Name = 'Profile'; Nothing = @('0') }
    @{ Kind = 'Rule'; Name = 'Platform'; Nothing = @() }
    @{ Kind = 'Rule'; Name = 'Owner'; Nothing = @() }
    @{ Kind = 'Rule'; Name = 'EdgeTraversalPolicy'; Nothing = @('Block', '0') }
    @{ Kind = 'Rule'; Name = 'LooseSourceMapping'; Nothing = @('False') }
    @{ Kind = 'Rule'; Name = 'LocalOnlyMapping'; Nothing = @('False') }
    @{ Kind = 'Rule'; Name = 'RemoteDynamicKeywordAddresses'; Nothing = @() }
    @{ Kind = 'Rule'; Name = 'PolicyAppId'; Nothing = @() }
    @{ Kind = 'Port'; Name = 'DynamicTarget'; Nothing = @('0') }
    @{ Kind = 'Application'; Name = 'Program'; Nothing = @() }
    @{ Kind = 'Application'; Name = 'Package'; Nothing = @() }
    @{ Kind = 'Service'; Name = 'Service'; Nothing = @() }
    @{ Kind = 'Interface'; Name = 'InterfaceAlias'; Nothing = @() }
    @{ Kind = 'InterfaceType'; Name = 'InterfaceType'; Nothing = @('0') }
    @{ Kind = 'Security'; Name = 'Authentication'; Nothing = @('NotRequired', '0') }
    @{ Kind = 'Security'; Name = 'Encryption'; Nothing = @('NotRequired', '0') }
    @{ Kind = 'Security'; Name = 'OverrideBlockRules'; Nothing = @('False') }
    @{ Kind = 'Security'; Name = 'LocalUser'; Nothing = @() }
    @{ Kind = 'Security'; Name = 'RemoteUser'; Nothing = @() }
    @{ Kind = 'Security'; Name = 'RemoteMachine'; Nothing = @() }
)

# Nothing when there is no such property.
function Find-Value {
    param([object]$Object, [string]$Name)
    if ($null -eq $Object) {
        return $null
    }
    $property = $Object.PSObject.Properties[$Name]
    if ($null -eq $property) {
        return $null
    }
    return $property.Value
}

# A property that is not there must not pass for a condition that is not there.
function Get-Value {
    param([object]$Object, [string]$Name)
    if ($null -eq $Object.PSObject.Properties[$Name] -and $script:NewerNames -notcontains $Name) {
        throw ('this Windows says nothing of {0}, so its rules cannot be read' -f $Name)
    }
    return Find-Value -Object $Object -Name $Name
}

# A list without conditions is empty here, whether Windows says nothing, an empty text or Any.
function Get-List {
    param([object]$Object, [string]$Name)
    $texts = @()
    foreach ($item in @(Get-Value -Object $Object -Name $Name)) {
        $text = ([string]$item).Trim()
        if ($text -eq 'Any') {
            return
        }
        if ($text -ne '') {
            $texts += $text
        }
    }
    return $texts
}

function Get-Word {
    param([object]$Object, [string]$Name, [hashtable]$Words)
    $text = ([string](Get-Value -Object $Object -Name $Name)).Trim()
    if ($Words.ContainsKey($text)) {
        return $Words[$text]
    }
    return $text
}

function Get-Identity {
    param([object]$Object)
    return [string](Get-Value -Object $Object -Name 'InstanceID')
}

function Test-Enabled {
    param([object]$Rule)
    return (Get-Word -Object $Rule -Name 'Enabled' -Words $script:EnabledWords) -eq 'True'
}

function Get-Setting {
    param([object]$Settings, [string]$Name)
    $word = Get-Word -Object $Settings -Name $Name -Words $script:SettingWords[$Name]
    if ($word -eq '' -or $word -eq 'NotConfigured') {
        return $script:SettingMeaning[$Name]
    }
    return $word
}
