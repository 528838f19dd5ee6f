# The program: it brings the rules of the local store to what the tables above say. Rules of others are read and
# reported, and touched with -Exclusive only. Nothing that is read from the machine is ever run.

# The firewall's own cmdlets do not see this: they are functions of a module, so each call of them says it again.
$ErrorActionPreference = 'Stop'

# By this group our rules are known, those of an older policy among them.
$script:RuleGroup = 'portpolicy'
$script:LocalStore = 'PersistentStore'

$script:ExitCode = 0
# What this run did or tried, in its order, so that it can be undone in the reverse one.
$script:Journal = New-Object System.Collections.ArrayList
# From here on nothing is undone: the new rules are in force and the old ones are disabled.
$script:PastReturn = $false
$script:Local = @{}
$script:Active = @{}
$script:Profiles = @{}
$script:State = @{}
$script:Plan = @{}

# ---- values as Windows gives them

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

# ---- sets of numbers
# Windows gives a prefix back as an address with a mask and joins or sorts as it likes, so texts are never compared.
# A set of numbers is a flat list: first, last, first, last, ..., in order and with gaps between.

$script:Powers = @([bigint]1)
while ($script:Powers.Count -le 128) {
    $script:Powers += $script:Powers[$script:Powers.Count - 1] * 2
}
# Ports, and ICMP types as 256 * type + code.
$script:AllNumbers = @([bigint]0, [bigint]65535)
$script:AllV4 = @([bigint]0, ($script:Powers[32] - 1))
$script:AllV6 = @([bigint]0, ($script:Powers[128] - 1))

# Parse alone would take `7` and `10.1` for addresses too.
function ConvertTo-Address {
    param([string]$Text)
    $plain = $Text
    if ($plain.Contains('%')) {
        $plain = $plain.Substring(0, $plain.IndexOf('%'))
    }
    $fourParts = $plain -match '^[0-9]{1,3}(\.[0-9]{1,3}){3}$'
    $withColons = $plain -match '^[0-9a-f.]*:[0-9a-f:.]*$'
    if (-not ($fourParts -or $withColons)) {
        return $null
    }
    try {
        return [System.Net.IPAddress]::Parse($plain)
    } catch {
        return $null
    }
}

function Get-BitCount {
    param([object]$Address)
    return 8 * $Address.GetAddressBytes().Length
}

function ConvertTo-Number {
    param([object]$Address)
    $number = [bigint]0
    foreach ($byte in $Address.GetAddressBytes()) {
        $number = $number * 256 + [int]$byte
    }
    return $number
}

# How many addresses a prefix has, from its length or its mask; nothing when it is neither.
function ConvertTo-PrefixSize {
    param([string]$Text, [int]$Bits)
    if ($Text -match '^[0-9]{1,3}$') {
        $length = [int]$Text
        if ($length -gt $Bits) {
            return $null
        }
        return $script:Powers[$Bits - $length]
    }
    $mask = ConvertTo-Address -Text $Text
    if ($null -eq $mask -or (Get-BitCount -Address $mask) -ne $Bits) {
        return $null
    }
    $size = $script:Powers[$Bits] - (ConvertTo-Number -Address $mask)
    if ($script:Powers -notcontains $size) {
        return $null
    }
    return $size
}

function Split-Range {
    param([string]$Text)
    if ($Text.Contains('/')) {
        return $Text.Split('/')
    }
    return $Text.Split('-')
}

# Nothing for a keyword such as LocalSubnet, or whatever else is not made of addresses.
function ConvertTo-AddressRange {
    param([string]$Text)
    $parts = @(Split-Range -Text $Text)
    $address = ConvertTo-Address -Text $parts[0]
    if ($null -eq $address -or $parts.Count -gt 2) {
        return $null
    }
    $bits = Get-BitCount -Address $address
    $first = ConvertTo-Number -Address $address
    $last = $first
    if ($Text.Contains('/')) {
        $size = ConvertTo-PrefixSize -Text $parts[1] -Bits $bits
        if ($null -eq $size) {
            return $null
        }
        $first = $first - $first % $size
        $last = $first + $size - 1
    } elseif ($parts.Count -eq 2) {
        $end = ConvertTo-Address -Text $parts[1]
        if ($null -eq $end -or (Get-BitCount -Address $end) -ne $bits) {
            return $null
        }
        $last = ConvertTo-Number -Address $end
    }
    if ($last -lt $first) {
        return $null
    }
    return @{ Bits = $bits; First = $first; Last = $last }
}

function ConvertTo-PortRange {
    param([string]$Text)
    if (-not ($Text -match '^[0-9]{1,5}(-[0-9]{1,5})?$')) {
        return $null
    }
    $parts = @($Text.Split('-'))
    $first = [int]$parts[0]
    $last = [int]$parts[$parts.Count - 1]
    if ($last -lt $first -or $last -gt 65535) {
        return $null
    }
    return @{ First = [bigint]$first; Last = [bigint]$last }
}

# A type is the range of all its codes.
function ConvertTo-TypeRange {
    param([string]$Text)
    if (-not ($Text -match '^[0-9]{1,3}(:([0-9]{1,3}|\*|any))?$')) {
        return $null
    }
    $parts = @($Text.Split(':'))
    $first = [int]$parts[0] * 256
    $last = $first + 255
    if ($parts.Count -eq 2 -and $parts[1] -match '^[0-9]+$') {
        if ([int]$parts[1] -gt 255) {
            return $null
        }
        $first = $first + [int]$parts[1]
        $last = $first
    }
    if ($last -gt 65535) {
        return $null
    }
    return @{ First = [bigint]$first; Last = [bigint]$last }
}

# Firsts and lasts are sorted each for itself: a gap is where as many ranges have ended as have begun.
function Join-Range {
    param([object[]]$Ranges)
    $firsts = New-Object System.Collections.ArrayList
    $lasts = New-Object System.Collections.ArrayList
    foreach ($range in $Ranges) {
        $null = $firsts.Add([bigint]$range.First)
        $null = $lasts.Add([bigint]$range.Last)
    }
    $firsts.Sort()
    $lasts.Sort()
    $ends = @()
    $index = 0
    while ($index -lt $firsts.Count) {
        $ends += $firsts[$index]
        while ($index + 1 -lt $firsts.Count -and $firsts[$index + 1] -le $lasts[$index] + 1) {
            $index += 1
        }
        $ends += $lasts[$index]
        $index += 1
    }
    return $ends
}

# Known is false when something in the list cannot be put into numbers; the set is then everything.
function Get-AddressSet {
    param([object[]]$Texts)
    $all = @{ Known = ($Texts.Count -eq 0); V4 = $script:AllV4; V6 = $script:AllV6 }
    if ($Texts.Count -eq 0) {
        return $all
    }
    $v4 = @()
    $v6 = @()
    foreach ($text in $Texts) {
        $range = ConvertTo-AddressRange -Text $text
        if ($null -eq $range) {
            return $all
        }
        if ($range.Bits -eq 32) {
            $v4 += $range
        } else {
            $v6 += $range
        }
    }
    return @{ Known = $true; V4 = @(Join-Range -Ranges $v4); V6 = @(Join-Range -Ranges $v6) }
}

# Of ports, or of ICMP types with their codes.
function Get-NumberSet {
    param([string]$Name, [object[]]$Texts)
    $ranges = @()
    foreach ($text in $Texts) {
        if ($Name -eq 'IcmpType') {
            $range = ConvertTo-TypeRange -Text $text
        } else {
            $range = ConvertTo-PortRange -Text $text
        }
        if ($null -eq $range) {
            return @{ Known = $false; Ends = $script:AllNumbers }
        }
        $ranges += $range
    }
    if ($ranges.Count -eq 0) {
        return @{ Known = $true; Ends = $script:AllNumbers }
    }
    return @{ Known = $true; Ends = @(Join-Range -Ranges $ranges) }
}

function Test-Overlap {
    param([object[]]$Some, [object[]]$Others)
    $left = 0
    $right = 0
    while ($left -lt $Some.Count -and $right -lt $Others.Count) {
        if ($Some[$left + 1] -lt $Others[$right]) {
            $left += 2
        } elseif ($Others[$right + 1] -lt $Some[$left]) {
            $right += 2
        } else {
            return $true
        }
    }
    return $false
}

function Test-Inside {
    param([object[]]$Inner, [object[]]$Outer)
    $right = 0
    $left = 0
    while ($left -lt $Inner.Count) {
        while ($right -lt $Outer.Count -and $Outer[$right + 1] -lt $Inner[$left]) {
            $right += 2
        }
        if ($right -ge $Outer.Count -or $Inner[$left] -lt $Outer[$right] -or $Inner[$left + 1] -gt $Outer[$right + 1]) {
            return $false
        }
        $left += 2
    }
    return $true
}

# ---- what a rule asks of a packet

# -1 is any protocol, -2 one that is not known.
function ConvertTo-Protocol {
    param([string]$Text)
    if ($Text -eq '') {
        return -1
    }
    if ($script:ProtocolNumbers.ContainsKey($Text)) {
        return $script:ProtocolNumbers[$Text]
    }
    if ($Text -match '^[0-9]{1,3}$') {
        return [int]$Text
    }
    return -2
}

# Lists are given by the names of the parameters of New-NetFirewallRule. Unknown names what cannot be put into numbers;
# the sets then hold more than the rule takes, never less.
function New-Condition {
    param([string]$Protocol, [hashtable]$Lists)
    $condition = @{ Protocol = (ConvertTo-Protocol -Text $Protocol); Unknown = @(); Sets = @{} }
    if ($condition.Protocol -eq -2) {
        $condition.Unknown += ('protocol {0}' -f $Protocol)
    }
    foreach ($name in @('LocalPort', 'RemotePort', 'IcmpType')) {
        $set = Get-NumberSet -Name $name -Texts $Lists[$name]
        $condition.Sets[$name] = $set.Ends
        if (-not $set.Known) {
            $condition.Unknown += ('{0} {1}' -f $name, ($Lists[$name] -join ', '))
        }
    }
    foreach ($name in @('LocalAddress', 'RemoteAddress')) {
        $set = Get-AddressSet -Texts $Lists[$name]
        $condition.Sets[$name + '4'] = $set.V4
        $condition.Sets[$name + '6'] = $set.V6
        if (-not $set.Known) {
            $condition.Unknown += ('{0} {1}' -f $name, ($Lists[$name] -join ', '))
        }
        # Each ICMP is of one family, whatever the addresses.
        if ($condition.Protocol -eq 1) {
            $condition.Sets[$name + '6'] = @()
        } elseif ($condition.Protocol -eq 58) {
            $condition.Sets[$name + '4'] = @()
        }
    }
    return $condition
}

$script:SetNames = @(
    'LocalPort', 'RemotePort', 'IcmpType', 'LocalAddress4', 'LocalAddress6', 'RemoteAddress4', 'RemoteAddress6'
)

function Get-WantedCondition {
    param([hashtable]$Wanted)
    $lists = @{}
    foreach ($name in @('LocalPort', 'RemotePort', 'IcmpType', 'LocalAddress', 'RemoteAddress')) {
        $lists[$name] = @()
        if ($Wanted.ContainsKey($name)) {
            $lists[$name] = @($Wanted[$name])
        }
    }
    $condition = New-Condition -Protocol $Wanted.Protocol -Lists $lists
    if ($condition.Unknown.Count -gt 0) {
        throw ('rule {0} of this script is damaged: {1}' -f $Wanted.Name, ($condition.Unknown -join '; '))
    }
    $condition.Direction = $Wanted.Direction
    $condition.Action = $Wanted.Action
    $condition.Override = $false
    return $condition
}

function Get-Filter {
    param([hashtable]$Store, [string]$Kind, [object]$Rule)
    if ($Kind -eq 'Rule') {
        return $Rule
    }
    return $Store.Filters[$Kind][(Get-Identity -Object $Rule)]
}

function Get-OtherCondition {
    param([hashtable]$Store, [object]$Rule)
    $others = @()
    foreach ($part in $script:OtherParts) {
        $filter = Get-Filter -Store $Store -Kind $part.Kind -Rule $Rule
        if ($null -eq $filter) {
            $others += ('an unknown {0} filter' -f $part.Kind)
        } else {
            $text = @(Get-List -Object $filter -Name $part.Name) -join ', '
            if ($text -ne '' -and $part.Nothing -notcontains $text) {
                $others += ('{0} {1}' -f $part.Name, $text)
            }
        }
    }
    return $others
}

function Get-StoredCondition {
    param([hashtable]$Store, [object]$Rule)
    $lists = @{}
    $protocol = ''
    $ports = Get-Filter -Store $Store -Kind 'Port' -Rule $Rule
    $addresses = Get-Filter -Store $Store -Kind 'Address' -Rule $Rule
    foreach ($name in @('LocalPort', 'RemotePort', 'IcmpType')) {
        $lists[$name] = @()
        if ($null -ne $ports) {
            $lists[$name] = @(Get-List -Object $ports -Name $name)
        }
    }
    foreach ($name in @('LocalAddress', 'RemoteAddress')) {
        $lists[$name] = @()
        if ($null -ne $addresses) {
            $lists[$name] = @(Get-List -Object $addresses -Name $name)
        }
    }
    if ($null -ne $ports) {
        $protocol = ([string](Get-Value -Object $ports -Name 'Protocol')).Trim()
    }
    $condition = New-Condition -Protocol $protocol -Lists $lists
    $condition.Unknown = @($condition.Unknown) + @(Get-OtherCondition -Store $Store -Rule $Rule)
    if ($null -eq $addresses) {
        $condition.Unknown += 'an unknown Address filter'
    }
    $condition.Direction = Get-Word -Object $Rule -Name 'Direction' -Words $script:DirectionWords
    $condition.Action = Get-Word -Object $Rule -Name 'Action' -Words $script:ActionWords
    $condition.Override = $condition.Unknown -contains 'OverrideBlockRules True'
    if ($condition.Unknown -contains 'LocalOnlyMapping True') {
        # Such a rule is matched without a look at the remote end.
        $condition.Sets.RemotePort = $script:AllNumbers
        $condition.Sets.RemoteAddress4 = $script:AllV4
        $condition.Sets.RemoteAddress6 = $script:AllV6
    }
    return $condition
}

function Test-SameCondition {
    param([hashtable]$Wanted, [hashtable]$Stored)
    if ($Stored.Unknown.Count -gt 0 -or $Wanted.Protocol -ne $Stored.Protocol) {
        return $false
    }
    if ($Wanted.Direction -ne $Stored.Direction -or $Wanted.Action -ne $Stored.Action) {
        return $false
    }
    foreach ($name in $script:SetNames) {
        if (($Wanted.Sets[$name] -join ',') -ne ($Stored.Sets[$name] -join ',')) {
            return $false
        }
    }
    return $true
}

# A packet is of one family, so addresses meet family by family.
function Test-ConditionOverlap {
    param([hashtable]$Some, [hashtable]$Others)
    if ($Some.Direction -ne $Others.Direction) {
        return $false
    }
    if ($Some.Protocol -ge 0 -and $Others.Protocol -ge 0 -and $Some.Protocol -ne $Others.Protocol) {
        return $false
    }
    foreach ($name in @('LocalPort', 'RemotePort', 'IcmpType')) {
        if (-not (Test-Overlap -Some $Some.Sets[$name] -Others $Others.Sets[$name])) {
            return $false
        }
    }
    foreach ($family in @('4', '6')) {
        $localName = 'LocalAddress' + $family
        $remoteName = 'RemoteAddress' + $family
        $local = Test-Overlap -Some $Some.Sets[$localName] -Others $Others.Sets[$localName]
        if ($local -and (Test-Overlap -Some $Some.Sets[$remoteName] -Others $Others.Sets[$remoteName])) {
            return $true
        }
    }
    return $false
}

# Outer is one of ours, so it has nothing unknown.
function Test-ConditionInside {
    param([hashtable]$Inner, [hashtable]$Outer)
    if ($Inner.Direction -ne $Outer.Direction) {
        return $false
    }
    if ($Outer.Protocol -ne -1 -and $Outer.Protocol -ne $Inner.Protocol) {
        return $false
    }
    foreach ($name in @('LocalPort', 'RemotePort', 'IcmpType')) {
        if (-not (Test-Inside -Inner $Inner.Sets[$name] -Outer $Outer.Sets[$name])) {
            return $false
        }
    }
    foreach ($family in @('4', '6')) {
        $local = $Inner.Sets['LocalAddress' + $family]
        $remote = $Inner.Sets['RemoteAddress' + $family]
        $inside = (Test-Inside -Inner $local -Outer $Outer.Sets['LocalAddress' + $family]) -and
            (Test-Inside -Inner $remote -Outer $Outer.Sets['RemoteAddress' + $family])
        if ($local.Count -gt 0 -and $remote.Count -gt 0 -and -not $inside) {
            return $false
        }
    }
    return $true
}

# ---- reading

# Filters belong to rules by their identity. Two of one identity cannot be told apart, so neither is taken.
function ConvertTo-Index {
    param([object[]]$Items)
    $index = @{}
    foreach ($item in $Items) {
        $identity = Get-Identity -Object $item
        if ($index.ContainsKey($identity)) {
            $index[$identity] = $null
        } else {
            $index[$identity] = $item
        }
    }
    return $index
}

# One query of each kind: a query for each rule would take minutes.
function Read-Store {
    param([string]$Name)
    Write-Verbose -Message ('reading the rules of {0}' -f $Name)
    $query = @{ PolicyStore = $Name; ErrorAction = 'Stop' }
    $store = @{ Filters = @{} }
    # Only with TracePolicyStore do the documents promise that a rule says where it comes from.
    $store.Rules = @(Get-NetFirewallRule @query -TracePolicyStore:($Name -eq 'ActiveStore'))
    $store.Filters.Port = ConvertTo-Index -Items @(Get-NetFirewallPortFilter @query)
    $store.Filters.Address = ConvertTo-Index -Items @(Get-NetFirewallAddressFilter @query)
    $store.Filters.Application = ConvertTo-Index -Items @(Get-NetFirewallApplicationFilter @query)
    $store.Filters.Service = ConvertTo-Index -Items @(Get-NetFirewallServiceFilter @query)
    $store.Filters.Interface = ConvertTo-Index -Items @(Get-NetFirewallInterfaceFilter @query)
    $store.Filters.InterfaceType = ConvertTo-Index -Items @(Get-NetFirewallInterfaceTypeFilter @query)
    $store.Filters.Security = ConvertTo-Index -Items @(Get-NetFirewallSecurityFilter @query)
    return $store
}

function Read-Profile {
    param([string]$Store)
    $profiles = @{}
    foreach ($settings in @(Get-NetFirewallProfile -PolicyStore $Store -ErrorAction 'Stop')) {
        $profiles[[string](Get-Value -Object $settings -Name 'Name')] = $settings
    }
    foreach ($name in @('Domain', 'Private', 'Public')) {
        if (-not $profiles.ContainsKey($name)) {
            throw ('{0} has no profile {1}' -f $Store, $name)
        }
    }
    return $profiles
}

function Test-Ours {
    param([object]$Rule)
    return ([string](Get-Value -Object $Rule -Name 'Group')) -eq $script:RuleGroup
}

# A display name says most, but need not be there, nor be of one rule alone.
function Get-Label {
    param([object]$Rule)
    return '{0} ({1})' -f (Get-Value -Object $Rule -Name 'DisplayName'), (Get-Identity -Object $Rule)
}

function Find-LocalRule {
    param([string]$Name)
    foreach ($rule in $script:Local.Rules) {
        if ((Get-Identity -Object $rule) -eq $Name) {
            return $rule
        }
    }
    return $null
}

# ---- the state: what was there before the first apply

function Get-StatePath {
    return Join-Path -Path $StateFolder -ChildPath 'state.json'
}

# Every user may make folders in ProgramData: what one of them put there is not ours.
function Assert-OwnedByAdministrator {
    param([string]$Path)
    $attributes = [string](Get-Item -LiteralPath $Path -Force).Attributes
    if ($attributes -match 'ReparsePoint') {
        throw ('{0} is a link; move it away, or name another folder with -StateFolder' -f $Path)
    }
    $owner = [string](Get-Acl -LiteralPath $Path).Sddl
    if (-not ($owner.StartsWith('O:BA') -or $owner.StartsWith('O:SY'))) {
        throw ('{0} is not owned by administrators; move it away, or name another folder with -StateFolder' -f $Path)
    }
    # Each entry of the list of rights ends with who has them.
    $entries = @($owner.Substring($owner.IndexOf('D:')).Split('('))
    foreach ($entry in $entries) {
        $trusted = $entry.StartsWith('D:') -or $entry.Contains(';;;BA)') -or $entry.Contains(';;;SY)')
        if (-not $trusted) {
            throw ('others than administrators have rights on {0}; move it away, or name another folder with -StateFolder' -f
                $Path)
        }
    }
}

function Read-State {
    $state = @{ Settings = @{ Domain = @{}; Private = @{}; Public = @{} }; Disabled = @(); Exists = $false }
    $path = Get-StatePath
    if (-not (Test-Path -LiteralPath $path)) {
        return $state
    }
    Assert-OwnedByAdministrator -Path $StateFolder
    Assert-OwnedByAdministrator -Path $path
    $state.Exists = $true
    try {
        $document = ConvertFrom-Json -InputObject (Get-Content -LiteralPath $path -Raw -Encoding UTF8)
    } catch {
        throw ('{0} cannot be read: {1}' -f $path, $_.Exception.Message)
    }
    $format = [string](Find-Value -Object $document -Name 'format')
    $version = [string](Find-Value -Object $document -Name 'format_version')
    if ($format -ne 'portpolicy-windows-state' -or $version -ne '1') {
        throw ('{0} is not a state file of this version; move it away if you do not need it' -f $path)
    }
    $settings = Find-Value -Object $document -Name 'settings'
    foreach ($place in @('Domain', 'Private', 'Public')) {
        $state.Settings[$place] = Read-StateSetting -Settings (Find-Value -Object $settings -Name $place) -Path $path
    }
    foreach ($name in @(Find-Value -Object $document -Name 'disabled')) {
        if ($null -ne $name) {
            $state.Disabled += [string]$name
        }
    }
    return $state
}

function Read-StateSetting {
    param([object]$Settings, [string]$Path)
    $values = @{}
    foreach ($name in $script:SettingNames) {
        $value = [string](Find-Value -Object $Settings -Name $name)
        if ($value -ne '') {
            if (@('Allow', 'Block', 'True', 'False') -notcontains $value) {
                throw ('{0} has {1} for {2}; move it away if you do not need it' -f $Path, $value, $name)
            }
            $values[$name] = $value
        }
    }
    return $values
}

function Test-StateEmpty {
    param([hashtable]$State)
    $count = $State.Disabled.Count
    foreach ($place in @('Domain', 'Private', 'Public')) {
        $count += $State.Settings[$place].Count
    }
    return $count -eq 0
}

# Written beside and moved, so that a stop on the way leaves the old one.
function Write-StateFile {
    param([hashtable]$State)
    $path = Get-StatePath
    if (Test-StateEmpty -State $State) {
        if (Test-Path -LiteralPath $path) {
            Remove-Item -LiteralPath $path -Confirm:$false
        }
        return
    }
    $document = [pscustomobject]@{
        format = 'portpolicy-windows-state'
        format_version = 1
        settings = $State.Settings
        disabled = @($State.Disabled)
    }
    $beside = $path + '.new'
    if (Test-Path -LiteralPath $beside) {
        Remove-Item -LiteralPath $beside -Confirm:$false
    }
    $text = ConvertTo-Json -InputObject $document -Depth 5
    Set-Content -LiteralPath $beside -Value $text -Encoding UTF8 -Confirm:$false
    Set-AdministratorOwner -Path $beside
    Move-Item -LiteralPath $beside -Destination $path -Force -Confirm:$false
}

function Copy-State {
    param([hashtable]$State)
    $copy = @{ Settings = @{}; Disabled = @($State.Disabled); Exists = $State.Exists }
    foreach ($place in @('Domain', 'Private', 'Public')) {
        $copy.Settings[$place] = @{}
        foreach ($name in $script:SettingNames) {
            if ($State.Settings[$place].ContainsKey($name)) {
                $copy.Settings[$place][$name] = $State.Settings[$place][$name]
            }
        }
    }
    return $copy
}

# ---- changes
# Each is asked for first, so that -WhatIf tells the plan and changes nothing. It is noted before it is done: one that
# failed may have been done all the same, and undoing what was not done changes nothing.

# False with -WhatIf. A No to -Confirm must not leave one step out and go on with the next: that could open a gap.
function Confirm-Change {
    param([string]$Target, [string]$Action)
    if ($PSCmdlet.ShouldProcess($Target, $Action)) {
        return $true
    }
    if (-not $WhatIfPreference) {
        throw ('not confirmed: {0}: {1}' -f $Action, $Target)
    }
    return $false
}

function Add-Note {
    param([hashtable]$Entry)
    $null = $script:Journal.Add($Entry)
}

# The groups Administrators and SYSTEM go by their numbers: their names are translated.
function Set-AdministratorOwner {
    param([string]$Path)
    $answer = & icacls.exe $Path '/setowner' '*S-1-5-32-544'
    if ($LASTEXITCODE -ne 0) {
        throw ('icacls.exe cannot give {0} to the administrators: {1}' -f $Path, ($answer -join ' '))
    }
}

function Initialize-StateFolder {
    if (Test-Path -LiteralPath $StateFolder) {
        Assert-OwnedByAdministrator -Path $StateFolder
        return
    }
    if (Confirm-Change -Target $StateFolder -Action 'make the folder for backups and state') {
        $null = New-Item -ItemType Directory -Path $StateFolder -Confirm:$false
        $answer = & icacls.exe $StateFolder '/inheritance:r' '/grant:r' '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-18:(OI)(CI)F'
        if ($LASTEXITCODE -ne 0) {
            throw ('icacls.exe cannot protect {0}: {1}' -f $StateFolder, ($answer -join ' '))
        }
        Set-AdministratorOwner -Path $StateFolder
    }
}

function Save-Backup {
    $name = 'backup-{0}' -f (Get-Date -Format 'yyyyMMdd-HHmmss')
    $path = Join-Path -Path $StateFolder -ChildPath ($name + '.wfw')
    $number = 2
    while (Test-Path -LiteralPath $path) {
        $path = Join-Path -Path $StateFolder -ChildPath ('{0}-{1}.wfw' -f $name, $number)
        $number += 1
    }
    if (Confirm-Change -Target $path -Action 'export the whole firewall policy') {
        $answer = & netsh.exe advfirewall export $path
        if ($LASTEXITCODE -ne 0) {
            throw ('netsh.exe cannot export the firewall policy to {0}: {1}' -f $path, ($answer -join ' '))
        }
        Write-Output ('The firewall as it was is in {0}.' -f $path)
    }
}

function Save-State {
    param([hashtable]$State)
    if (Confirm-Change -Target (Get-StatePath) -Action 'note what was there before') {
        Add-Note -Entry @{ Kind = 'State'; State = $script:State }
        Write-StateFile -State $State
        $script:State = Copy-State -State $State
    }
}

function Set-Enabled {
    param([object]$Rule, [string]$Value)
    $parameters = @{ InputObject = $Rule; Enabled = $Value; Confirm = $false; ErrorAction = 'Stop' }
    Set-NetFirewallRule @parameters
}

function Disable-Rule {
    param([object]$Rule, [string]$Whose)
    $label = Get-Label -Rule $Rule
    if (Confirm-Change -Target $label -Action ('disable the {0} rule' -f $Whose)) {
        Add-Note -Entry @{ Kind = 'Disabled'; Rule = $Rule }
        Set-Enabled -Rule $Rule -Value 'False'
    }
}

function Add-Rule {
    param([hashtable]$Wanted, [string]$Name)
    $parameters = @{
        PolicyStore = $script:LocalStore
        Name = $Name
        DisplayName = $Wanted.DisplayName
        Description = $Wanted.Description
        Group = $script:RuleGroup
        Enabled = 'True'
        Profile = 'Any'
        Direction = $Wanted.Direction
        Action = $Wanted.Action
        Protocol = $Wanted.Protocol
        Confirm = $false
        ErrorAction = 'Stop'
    }
    if ($Wanted.Direction -eq 'Inbound') {
        $parameters.EdgeTraversalPolicy = 'Block'
    }
    foreach ($key in @('LocalPort', 'RemotePort', 'IcmpType', 'LocalAddress', 'RemoteAddress')) {
        if ($Wanted.ContainsKey($key)) {
            $parameters[$key] = $Wanted[$key]
        }
    }
    Add-Note -Entry @{ Kind = 'Added'; Name = $Name }
    $null = New-NetFirewallRule @parameters
}

function Set-RuleText {
    param([object]$Rule, [string]$DisplayName, [string]$Description)
    $parameters = @{
        InputObject = $Rule
        NewDisplayName = $DisplayName
        Description = $Description
        Confirm = $false
        ErrorAction = 'Stop'
    }
    Set-NetFirewallRule @parameters
}

function Set-ProfileSetting {
    param([string]$Name, [hashtable]$Values)
    $parameters = @{ Name = $Name; PolicyStore = $script:LocalStore; Confirm = $false; ErrorAction = 'Stop' }
    foreach ($key in $Values.Keys) {
        $parameters[$key] = $Values[$key]
    }
    Set-NetFirewallProfile @parameters
}

# It may never have come to be; and a rule of that name that is not ours was made by somebody else just now.
function Remove-AddedRule {
    param([string]$Name)
    $rule = Find-LocalRule -Name $Name
    if ($null -ne $rule -and (Test-Ours -Rule $rule)) {
        Remove-NetFirewallRule -InputObject $rule -Confirm:$false -ErrorAction 'Stop'
    }
}

function Undo-Entry {
    param([hashtable]$Entry)
    if ($Entry.Kind -eq 'Added') {
        Remove-AddedRule -Name $Entry.Name
    } elseif ($Entry.Kind -eq 'Disabled') {
        Set-Enabled -Rule $Entry.Rule -Value 'True'
    } elseif ($Entry.Kind -eq 'Texts') {
        Set-RuleText -Rule $Entry.Rule -DisplayName $Entry.DisplayName -Description $Entry.Description
    } elseif ($Entry.Kind -eq 'Settings') {
        Set-ProfileSetting -Name $Entry.Profile -Values $Entry.Next
    } else {
        Write-StateFile -State $Entry.State
    }
}

# Backwards, and no further when a step fails: every state on the way is safe, one with a step left out is not.
function Undo-Change {
    try {
        $script:Local.Rules = @(Get-NetFirewallRule -PolicyStore $script:LocalStore -ErrorAction 'Stop')
        while ($script:Journal.Count -gt 0) {
            $last = $script:Journal.Count - 1
            Undo-Entry -Entry $script:Journal[$last]
            $script:Journal.RemoveAt($last)
        }
        Write-Output 'What this run had changed is undone.'
    } catch {
        Write-Warning ('This run cannot be undone further: {0}' -f $_.Exception.Message)
        Write-Warning ('{0} changes remain. Run the script again: it goes on from there.' -f $script:Journal.Count)
    }
}

# ---- the plan

# A wanted rule that is there already is kept. It may have a number behind its name, from when another was in its way.
function Find-KeptRule {
    param([hashtable]$Entry, [object[]]$Candidates)
    foreach ($rule in $Candidates) {
        $status = Get-Word -Object $rule -Name 'PrimaryStatus' -Words $script:StatusWords
        $broken = @('Error', 'Degraded') -contains $status
        if ((Test-Enabled -Rule $rule) -and -not $broken) {
            $stored = Get-StoredCondition -Store $script:Local -Rule $rule
            if (Test-SameCondition -Wanted $Entry.Condition -Stored $stored) {
                return $rule
            }
        }
    }
    return $null
}

function Get-BaseName {
    param([string]$Name)
    if ($Name -match '^portpolicy-[0-9a-f]{16}-[0-9]+$') {
        return $Name.Substring(0, 27)
    }
    return $Name
}

function Get-FreeName {
    param([string]$Name, [hashtable]$Taken)
    $free = $Name
    $number = 2
    while ($Taken.ContainsKey($free)) {
        $free = '{0}-{1}' -f $Name, $number
        $number += 1
    }
    return $free
}

function Initialize-RulePlan {
    $taken = @{}
    $candidates = @{}
    $kept = @{}
    foreach ($rule in $script:Local.Rules) {
        $name = Get-Identity -Object $rule
        $taken[$name] = $true
        if (Test-Ours -Rule $rule) {
            $base = Get-BaseName -Name $name
            if (-not $candidates.ContainsKey($base)) {
                $candidates[$base] = @()
            }
            $candidates[$base] += $rule
        }
    }
    foreach ($wanted in $PolicyRules) {
        $entry = @{ Wanted = $wanted; Condition = (Get-WantedCondition -Wanted $wanted); Kept = $null; Name = '' }
        if ($candidates.ContainsKey($wanted.Name)) {
            $entry.Kept = Find-KeptRule -Entry $entry -Candidates $candidates[$wanted.Name]
        }
        if ($null -ne $entry.Kept) {
            $entry.Name = Get-Identity -Object $entry.Kept
            $kept[$entry.Name] = $true
        } else {
            $entry.Name = Get-FreeName -Name $wanted.Name -Taken $taken
            $taken[$entry.Name] = $true
        }
        $script:Plan.Wanted += $entry
    }
    foreach ($rule in $script:Local.Rules) {
        if ((Test-Ours -Rule $rule) -and -not $kept.ContainsKey((Get-Identity -Object $rule))) {
            $script:Plan.Old += $rule
        }
    }
}

function Get-WantedSetting {
    $wanted = @{}
    if ($PolicyDefaults.ContainsKey('Inbound')) {
        $wanted.DefaultInboundAction = $PolicyDefaults.Inbound
    }
    if ($PolicyDefaults.ContainsKey('Outbound')) {
        $wanted.DefaultOutboundAction = $PolicyDefaults.Outbound
    }
    foreach ($key in $PolicyLog.Keys) {
        $wanted[$key] = $PolicyLog[$key]
    }
    return $wanted
}

# A setting that an older policy of ours changed and this one says nothing of gets back what it was.
function Initialize-SettingPlan {
    $wanted = Get-WantedSetting
    foreach ($place in @('Domain', 'Private', 'Public')) {
        $values = @{}
        $before = @{}
        $recorded = $script:State.Settings[$place]
        foreach ($name in $script:SettingNames) {
            $now = Get-Setting -Settings $script:Profiles.Local[$place] -Name $name
            $next = $now
            if ($wanted.ContainsKey($name)) {
                $next = $wanted[$name]
            } elseif ($recorded.ContainsKey($name)) {
                $next = $recorded[$name]
                $script:Plan.StateAfter.Settings[$place].Remove($name)
                $script:Plan.Forget = $true
            }
            if ($next -ne $now) {
                $values[$name] = $next
                $before[$name] = $now
                if ($wanted.ContainsKey($name) -and -not $recorded.ContainsKey($name)) {
                    $script:Plan.StateBefore.Settings[$place][$name] = $now
                    $script:Plan.StateAfter.Settings[$place][$name] = $now
                    $script:Plan.Remember = $true
                }
            }
        }
        if ($values.Count -gt 0) {
            $script:Plan.Settings += @{ Profile = $place; Next = $values; Back = $before }
        }
    }
}

# StateBefore is noted before the first change and knows of all that may be changed, StateAfter when all went well.
function Initialize-Plan {
    $script:Plan = @{
        Wanted = @(); Old = @(); Settings = @(); Findings = @(); Foreign = @(); Remember = $false; Forget = $false
        StateBefore = (Copy-State -State $script:State); StateAfter = (Copy-State -State $script:State)
    }
    Initialize-RulePlan
    Initialize-SettingPlan
    Initialize-ForeignPlan
}

# ---- rules of others

# Why a rule of somebody else makes the firewall say something else than the policy; nothing when it does not.
function Get-Disagreement {
    param([hashtable]$Condition)
    $default = $PolicyDefaults[$Condition.Direction]
    $overlapping = @()
    foreach ($entry in $script:Plan.Wanted) {
        $ours = $entry.Condition
        # Asked here first, since a call for each pair of rules takes its time.
        if ($ours.Direction -eq $Condition.Direction -and (Test-ConditionOverlap -Some $ours -Others $Condition)) {
            $overlapping += $entry
            $inside = Test-ConditionInside -Inner $Condition -Outer $ours
            if ($inside -and $ours.Action -eq 'Block' -and -not $Condition.Override) {
                return ''
            }
            if ($inside -and $ours.Action -eq 'Allow' -and $Condition.Action -eq 'Allow') {
                $default = 'Allow'
            }
        }
    }
    foreach ($entry in $overlapping) {
        $against = $entry.Condition.Action -ne $Condition.Action
        if ($against -and ($Condition.Action -eq 'Block' -or $Condition.Override)) {
            return ('rule {0}' -f $entry.Wanted.DisplayName)
        }
    }
    if ($Condition.Action -ne $default) {
        return 'the default'
    }
    return ''
}

function Initialize-ForeignPlan {
    foreach ($rule in $script:Active.Rules) {
        $source = Get-Word -Object $rule -Name 'PolicyStoreSourceType' -Words $script:SourceWords
        $direction = Get-Word -Object $rule -Name 'Direction' -Words $script:DirectionWords
        $mine = (Test-Ours -Rule $rule) -and $source -ne 'GroupPolicy'
        if ((Test-Enabled -Rule $rule) -and -not $mine -and $PolicyDefaults.ContainsKey($direction)) {
            $condition = Get-StoredCondition -Store $script:Active -Rule $rule
            $against = Get-Disagreement -Condition $condition
            if ($against -ne '') {
                Add-Finding -Rule $rule -Condition $condition -Source $source -Against $against
            }
        }
    }
}

function Add-Finding {
    param([object]$Rule, [hashtable]$Condition, [string]$Source, [string]$Against)
    $text = '{0} {1} {2} is against {3} of the policy' -f $Condition.Direction, $Condition.Action,
        (Get-Label -Rule $Rule), $Against
    if ($Condition.Unknown.Count -gt 0) {
        $text = '{0}; it asks also for {1}' -f $text, ($Condition.Unknown -join '; ')
    }
    $finding = @{ Text = $text; Source = $Source; Store = ''; Disabled = $false }
    $finding.Store = [string](Get-Value -Object $Rule -Name 'PolicyStoreSource')
    if ($Exclusive -and $Source -eq 'Local') {
        $local = Find-LocalRule -Name (Get-Identity -Object $Rule)
        if ($null -ne $local) {
            $finding.Disabled = $true
            Add-ForeignRule -Rule $local
        }
    }
    $script:Plan.Findings += $finding
}

function Add-ForeignRule {
    param([object]$Rule)
    $name = Get-Identity -Object $Rule
    $script:Plan.Foreign += $Rule
    if ($script:State.Disabled -notcontains $name) {
        $script:Plan.StateBefore.Disabled += $name
        $script:Plan.StateAfter.Disabled += $name
        $script:Plan.Remember = $true
    }
}

function Write-Finding {
    $shown = 0
    foreach ($finding in $script:Plan.Findings) {
        if (-not $finding.Disabled) {
            Write-Output ('  {0} [{1} {2}]' -f $finding.Text, $finding.Source, $finding.Store)
            $shown += 1
        }
    }
    if ($shown -eq 0) {
        Write-Output 'No rule of others in force is against the policy.'
    } else {
        Write-Output ('Rules of others that are in force and against the policy: {0}.' -f $shown)
    }
    if ($script:State.Disabled.Count -gt 0) {
        Write-Output ('Rules of others that -Exclusive has disabled: {0}.' -f $script:State.Disabled.Count)
    }
}

# ---- what forbids an apply

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

# ---- the steps of an apply

function Test-TextDiffers {
    param([hashtable]$Entry)
    $name = [string](Get-Value -Object $Entry.Kept -Name 'DisplayName')
    $description = [string](Get-Value -Object $Entry.Kept -Name 'Description')
    return $name -cne $Entry.Wanted.DisplayName -or $description -cne $Entry.Wanted.Description
}

function Update-KeptRule {
    param([hashtable]$Entry)
    $rule = $Entry.Kept
    $wanted = $Entry.Wanted
    $note = @{
        Kind = 'Texts'
        Rule = $rule
        DisplayName = [string](Get-Value -Object $rule -Name 'DisplayName')
        Description = [string](Get-Value -Object $rule -Name 'Description')
    }
    if (Confirm-Change -Target ('{0} ({1})' -f $wanted.DisplayName, $Entry.Name) -Action 'mend the texts of the rule') {
        Add-Note -Entry $note
        Set-RuleText -Rule $rule -DisplayName $wanted.DisplayName -Description $wanted.Description
    }
}

function Add-WantedRule {
    param([string]$Action)
    foreach ($entry in $script:Plan.Wanted) {
        if ($entry.Wanted.Action -eq $Action) {
            if ($null -eq $entry.Kept) {
                $target = '{0} ({1})' -f $entry.Wanted.DisplayName, $entry.Name
                if (Confirm-Change -Target $target -Action ('add the {0} rule' -f $Action)) {
                    Add-Rule -Wanted $entry.Wanted -Name $entry.Name
                }
            } elseif (Test-TextDiffers -Entry $entry) {
                Update-KeptRule -Entry $entry
            }
        }
    }
}

function Get-SettingText {
    param([hashtable]$Values)
    $texts = @()
    foreach ($name in $script:SettingNames) {
        if ($Values.ContainsKey($name)) {
            $texts += ('{0} = {1}' -f $name, $Values[$name])
        }
    }
    return $texts -join ', '
}

function Set-WantedDefault {
    $set = $false
    foreach ($change in $script:Plan.Settings) {
        $text = Get-SettingText -Values $change.Next
        if (Confirm-Change -Target ('profile {0}' -f $change.Profile) -Action ('set {0}' -f $text)) {
            Add-Note -Entry @{ Kind = 'Settings'; Profile = $change.Profile; Next = $change.Back }
            Set-ProfileSetting -Name $change.Profile -Values $change.Next
            $set = $true
        }
    }
    if ($set) {
        Assert-SettingInForce
    }
}

# A group policy wins over what was set just now, and that may show only here.
function Assert-SettingInForce {
    $active = Read-Profile -Store 'ActiveStore'
    foreach ($change in $script:Plan.Settings) {
        foreach ($name in $change.Next.Keys) {
            $value = Get-Setting -Settings $active[$change.Profile] -Name $name
            if ($value -ne $change.Next[$name]) {
                throw ('profile {0} keeps {1} = {2}: a group policy sets it' -f $change.Profile, $name, $value)
            }
        }
    }
}

# What is not an allow is done with the blocks.
function Test-Action {
    param([object]$Rule, [string]$Action)
    $allows = (Get-Word -Object $Rule -Name 'Action' -Words $script:ActionWords) -eq 'Allow'
    return $allows -eq ($Action -eq 'Allow')
}

# Rules of others go with ours of the same action: a block of theirs that went before an old allow of ours would let
# packets in for a moment.
function Disable-OldRule {
    param([string]$Action)
    foreach ($rule in $script:Plan.Foreign) {
        if (Test-Action -Rule $rule -Action $Action) {
            Disable-Rule -Rule $rule -Whose 'foreign'
        }
    }
    foreach ($rule in $script:Plan.Old) {
        if ((Test-Action -Rule $rule -Action $Action) -and (Test-Enabled -Rule $rule)) {
            Disable-Rule -Rule $rule -Whose 'old'
        }
    }
}

function Remove-DisabledRule {
    $script:PastReturn = -not $WhatIfPreference
    foreach ($rule in $script:Plan.Old) {
        $label = Get-Label -Rule $rule
        if (Confirm-Change -Target $label -Action 'remove the disabled rule') {
            Remove-NetFirewallRule -InputObject $rule -Confirm:$false -ErrorAction 'Stop'
        }
    }
}

# The one order in which a connection that the old and the new policy agree on is treated so at every moment.
function Invoke-Step {
    # steps: begin
    Add-WantedRule -Action 'Block'
    Add-WantedRule -Action 'Allow'
    Set-WantedDefault
    Disable-OldRule -Action 'Allow'
    Disable-OldRule -Action 'Block'
    Remove-DisabledRule
    # steps: end
}

# ---- what the script is asked for

function Read-Machine {
    $script:State = Read-State
    $script:Local = Read-Store -Name $script:LocalStore
    $script:Active = Read-Store -Name 'ActiveStore'
    $script:Profiles = @{
        Local = (Read-Profile -Store $script:LocalStore)
        Active = (Read-Profile -Store 'ActiveStore')
    }
    Initialize-Plan
}

function Get-Count {
    $count = @{ Fresh = 0; Mended = 0; Kept = 0 }
    foreach ($entry in $script:Plan.Wanted) {
        if ($null -eq $entry.Kept) {
            $count.Fresh += 1
        } else {
            $count.Kept += 1
            if (Test-TextDiffers -Entry $entry) {
                $count.Mended += 1
            }
        }
    }
    return $count
}

function Test-Change {
    $count = Get-Count
    $rules = $count.Fresh + $count.Mended + $script:Plan.Old.Count + $script:Plan.Foreign.Count
    return ($rules + $script:Plan.Settings.Count) -gt 0 -or $script:Plan.Forget
}

function Write-Plan {
    $count = Get-Count
    Write-Output ('Rules to add: {0}; to remove: {1}; to keep: {2}, of them with other texts: {3}.' -f
        $count.Fresh, $script:Plan.Old.Count, $count.Kept, $count.Mended)
    foreach ($change in $script:Plan.Settings) {
        Write-Output ('Profile {0}: {1}.' -f $change.Profile, (Get-SettingText -Values $change.Next))
    }
    if ($script:Plan.Foreign.Count -gt 0) {
        Write-Output ('Rules of others to disable: {0}.' -f $script:Plan.Foreign.Count)
    }
}

function Write-Refusal {
    param([string[]]$Reasons, [string]$Advice)
    foreach ($reason in $Reasons) {
        Write-Warning $reason
    }
    Write-Error -Message ('Refused, and nothing was changed. {0}' -f $Advice) -ErrorAction Continue
    $script:ExitCode = 2
}

# True when something forbids to go on.
function Test-Refused {
    $reasons = @(Get-StoreRefusal)
    if ($reasons.Count -gt 0) {
        Write-Refusal -Reasons $reasons -Advice 'The rules would not mean what the policy says.'
        return $true
    }
    if ((Test-Change) -and -not $AllowLockout) {
        $reasons = @(Get-LockOut)
        if ($reasons.Count -gt 0) {
            Write-Refusal -Reasons $reasons -Advice 'Mend the policy, or use -AllowLockout.'
            return $true
        }
    }
    return $false
}

function Invoke-Change {
    Initialize-StateFolder
    Save-Backup
    if ($script:Plan.Remember) {
        Save-State -State $script:Plan.StateBefore
    }
    Invoke-Step
    if ($script:Plan.Forget) {
        Save-State -State $script:Plan.StateAfter
    }
}

function Invoke-Apply {
    Read-Machine
    if (Test-Refused) {
        return
    }
    foreach ($warning in @(Get-ProfileWarning)) {
        Write-Warning $warning
    }
    if (-not (Test-Change)) {
        Write-Output 'Nothing to change: the rules are those of the policy.'
        Write-Finding
        return
    }
    Write-Plan
    try {
        Invoke-Change
    } catch {
        $script:ExitCode = 1
        Write-Error -Message ('Failed: {0}' -f $_.Exception.Message) -ErrorAction Continue
        Write-Failure
        return
    }
    if ($WhatIfPreference) {
        Write-Output 'Nothing was changed (-WhatIf).'
    } else {
        Write-Output 'Done: the rules are those of the policy. -Verify looks whether they still are.'
    }
    Write-Finding
}

function Write-Failure {
    if ($script:PastReturn) {
        Write-Warning 'The new rules are in place. Disabled ones of an older policy may be left; the next run goes on.'
    } elseif ($script:Journal.Count -gt 0) {
        Undo-Change
    } else {
        Write-Output 'Nothing was changed.'
    }
}

# Local rules count only when the store of all that is in force has them too, and not one of a group policy instead.
function Get-InactiveRule {
    $inactive = @()
    $active = @{}
    foreach ($rule in $script:Active.Rules) {
        $source = Get-Word -Object $rule -Name 'PolicyStoreSourceType' -Words $script:SourceWords
        if ((Test-Enabled -Rule $rule) -and $source -ne 'GroupPolicy') {
            $active[(Get-Identity -Object $rule)] = $true
        }
    }
    foreach ($entry in $script:Plan.Wanted) {
        if ($null -ne $entry.Kept -and -not $active.ContainsKey($entry.Name)) {
            $inactive += ('not in force: {0} ({1})' -f $entry.Wanted.DisplayName, $entry.Name)
        }
    }
    return $inactive
}

function Get-Difference {
    $differences = @(Get-StoreRefusal) + @(Get-ProfileWarning)
    foreach ($entry in $script:Plan.Wanted) {
        $label = '{0} ({1})' -f $entry.Wanted.DisplayName, $entry.Wanted.Name
        if ($null -eq $entry.Kept) {
            $differences += ('missing, disabled or changed: {0}' -f $label)
        } elseif (Test-TextDiffers -Entry $entry) {
            $differences += ('other texts: {0}' -f $label)
        }
    }
    foreach ($rule in $script:Plan.Old) {
        $label = Get-Label -Rule $rule
        $differences += ('in the group {0}, but not as the policy has it: {1}' -f $script:RuleGroup, $label)
    }
    foreach ($change in $script:Plan.Settings) {
        $before = Get-SettingText -Values $change.Back
        $wanted = Get-SettingText -Values $change.Next
        $differences += ('profile {0}: {1}, not {2}' -f $change.Profile, $before, $wanted)
    }
    foreach ($rule in $script:Plan.Foreign) {
        $label = Get-Label -Rule $rule
        $differences += ('of others, and against the policy: {0}' -f $label)
    }
    return @($differences) + @(Get-InactiveRule)
}

function Invoke-Verification {
    Read-Machine
    $differences = @(Get-Difference)
    foreach ($difference in $differences) {
        Write-Output ('  {0}' -f $difference)
    }
    if ($differences.Count -gt 0) {
        Write-Output ('Differences from the policy: {0}.' -f $differences.Count)
        $script:ExitCode = 3
    } else {
        Write-Output ('As the policy says: the defaults, and its rules ({0}).' -f $script:Plan.Wanted.Count)
    }
    Write-Finding
}

# ---- -Remove

function Get-RestoredSetting {
    $changes = @()
    foreach ($place in @('Domain', 'Private', 'Public')) {
        $values = @{}
        foreach ($name in $script:SettingNames) {
            if ($script:State.Settings[$place].ContainsKey($name)) {
                $now = Get-Setting -Settings $script:Profiles.Local[$place] -Name $name
                if ($now -ne $script:State.Settings[$place][$name]) {
                    $values[$name] = $script:State.Settings[$place][$name]
                }
            }
        }
        if ($values.Count -gt 0) {
            $changes += @{ Profile = $place; Next = $values }
        }
    }
    return $changes
}

function Get-RestoredRule {
    $rules = @()
    foreach ($name in $script:State.Disabled) {
        $rule = Find-LocalRule -Name $name
        if ($null -eq $rule) {
            Write-Warning ('{0}, which was disabled by -Exclusive, is no longer there.' -f $name)
        } elseif (-not (Test-Enabled -Rule $rule)) {
            $rules += $rule
        }
    }
    return $rules
}

function Restore-ForeignRule {
    param([object[]]$Rules, [string]$Action)
    foreach ($rule in $Rules) {
        $label = Get-Label -Rule $rule
        if (Test-Action -Rule $rule -Action $Action) {
            if (Confirm-Change -Target $label -Action 'enable the rule again') {
                Set-Enabled -Rule $rule -Value 'True'
            }
        }
    }
}

function Remove-OurRule {
    param([object[]]$Rules, [string]$Action)
    foreach ($rule in $Rules) {
        $label = Get-Label -Rule $rule
        if (Test-Action -Rule $rule -Action $Action) {
            if (Confirm-Change -Target $label -Action 'remove the rule') {
                Remove-NetFirewallRule -InputObject $rule -Confirm:$false -ErrorAction 'Stop'
            }
        }
    }
}

# The order of an apply whose new policy is what was there before.
function Undo-Policy {
    param([object[]]$Ours, [object[]]$Foreign, [object[]]$Settings)
    Initialize-StateFolder
    Save-Backup
    Restore-ForeignRule -Rules $Foreign -Action 'Block'
    Restore-ForeignRule -Rules $Foreign -Action 'Allow'
    foreach ($change in $Settings) {
        $text = Get-SettingText -Values $change.Next
        if (Confirm-Change -Target ('profile {0}' -f $change.Profile) -Action ('set back {0}' -f $text)) {
            Set-ProfileSetting -Name $change.Profile -Values $change.Next
        }
    }
    Remove-OurRule -Rules $Ours -Action 'Allow'
    Remove-OurRule -Rules $Ours -Action 'Block'
    if ($script:State.Exists -and (Confirm-Change -Target (Get-StatePath) -Action 'remove the state file')) {
        Remove-Item -LiteralPath (Get-StatePath) -Confirm:$false
    }
}

function Invoke-Removal {
    $script:State = Read-State
    $script:Local = @{ Rules = @(Get-NetFirewallRule -PolicyStore $script:LocalStore -ErrorAction 'Stop') }
    $script:Profiles = @{ Local = (Read-Profile -Store $script:LocalStore) }
    $ours = @()
    foreach ($rule in $script:Local.Rules) {
        if (Test-Ours -Rule $rule) {
            $ours += $rule
        }
    }
    if ($ours.Count -eq 0 -and -not $script:State.Exists) {
        Write-Output 'Nothing to remove.'
        return
    }
    try {
        Undo-Policy -Ours $ours -Foreign @(Get-RestoredRule) -Settings @(Get-RestoredSetting)
    } catch {
        $script:ExitCode = 1
        Write-Error -Message ('Failed: {0}' -f $_.Exception.Message) -ErrorAction Continue
        Write-Warning 'A part may be removed already. Run -Remove again: it goes on from there.'
        return
    }
    if ($WhatIfPreference) {
        Write-Output 'Nothing was changed (-WhatIf).'
    } else {
        Write-Output ('Rules removed: {0}. What was changed beside them is as it was before.' -f $ours.Count)
    }
}

try {
    if ($Remove -and ($Verify -or $Exclusive -or $AllowLockout)) {
        Write-Refusal -Reasons @() -Advice '-Remove goes with no other parameter than -StateFolder.'
    } elseif ($Verify -and $AllowLockout) {
        Write-Refusal -Reasons @() -Advice '-Verify changes nothing, so -AllowLockout has no place.'
    } elseif ($Remove) {
        Invoke-Removal
    } elseif ($Verify) {
        Invoke-Verification
    } else {
        Invoke-Apply
    }
} catch {
    $script:ExitCode = 1
    Write-Error -Message ('Failed: {0}' -f $_.Exception.Message) -ErrorAction Continue
    if ($script:Journal.Count -eq 0) {
        Write-Output 'Nothing was changed.'
    }
}
exit $script:ExitCode
