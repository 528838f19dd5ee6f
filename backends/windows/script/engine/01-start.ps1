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
