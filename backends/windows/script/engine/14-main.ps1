# What the script was started for.
try {
    if ($Remove -and ($Verify -or $Exclusive -or $AllowLockout)) {
        Write-Refusal -Reasons @() -Advice '-Remove goes with no other parameter than -StateFolder.'
    } elseif ($Verify -and $AllowLockout) {
        Write-Refusal -Reasons @() -Advice '-Verify changes nothing, so -AllowLockout has no place.'
    } elseif ($Remove) {
        Invoke-Removal
    } elseif ($Verify) {
        Invoke-Verification
    } else {
        Invoke-Apply
    }
} catch {
    $script:ExitCode = 1
    Write-Error -Message ('Failed: {0}' -f $_.Exception.Message) -ErrorAction Continue
    if ($script:Journal.Count -eq 0) {
        Write-Output 'Nothing was changed.'
    }
}
exit $script:ExitCode
