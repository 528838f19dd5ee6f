# Reading.

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
