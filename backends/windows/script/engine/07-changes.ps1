# Changes.
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
