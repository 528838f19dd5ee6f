# The state: what was there before the first apply.

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
