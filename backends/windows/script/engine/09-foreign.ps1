# Rules of others.

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
