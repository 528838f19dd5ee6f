#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium', PositionalBinding = $false)]
param(
    # Changes nothing; exit code 3 when the firewall is not as an apply would leave it.
    [switch]$Verify,
    # Takes the rules out again and puts back what was changed beside them.
    [switch]$Remove,
    # Also disables local rules of others that say something else than the policy.
    [switch]$Exclusive,
    # Applies even if a connected administrator could not connect again.
    [switch]$AllowLockout,
    # Backups of the firewall and the notes for -Remove.
    [string]$StateFolder = (Join-Path -Path $env:ProgramData -ChildPath 'portpolicy')
)

Set-StrictMode -Version 2.0
