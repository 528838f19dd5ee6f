# The plan.

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
