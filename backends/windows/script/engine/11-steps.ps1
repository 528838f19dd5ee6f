# The steps of an apply.

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
