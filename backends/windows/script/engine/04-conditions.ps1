# What a rule asks of a packet.

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
