# Taking everything out again.

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
