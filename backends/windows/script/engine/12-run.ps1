# What the script is asked for.

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
