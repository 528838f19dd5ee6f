# Sets of numbers.
# Windows gives a prefix back as an address with a mask and joins or sorts as it likes, so texts are never compared.
# A set of numbers is a flat list: first, last, first, last, ..., in order and with gaps between.

$script:Powers = @([bigint]1)
while ($script:Powers.Count -le 128) {
    $script:Powers += $script:Powers[$script:Powers.Count - 1] * 2
}
# Ports, and ICMP types as 256 * type + code.
$script:AllNumbers = @([bigint]0, [bigint]65535)
$script:AllV4 = @([bigint]0, ($script:Powers[32] - 1))
$script:AllV6 = @([bigint]0, ($script:Powers[128] - 1))

# Parse alone would take `7` and `10.1` for addresses too.
function ConvertTo-Address {
    param([string]$Text)
    $plain = $Text
    if ($plain.Contains('%')) {
        $plain = $plain.Substring(0, $plain.IndexOf('%'))
    }
    $fourParts = $plain -match '^[0-9]{1,3}(\.[0-9]{1,3}){3}$'
    $withColons = $plain -match '^[0-9a-f.]*:[0-9a-f:.]*$'
    if (-not ($fourParts -or $withColons)) {
        return $null
    }
    try {
        return [System.Net.IPAddress]::Parse($plain)
    } catch {
        return $null
    }
}

function Get-BitCount {
    param([object]$Address)
    return 8 * $Address.GetAddressBytes().Length
}

function ConvertTo-Number {
    param([object]$Address)
    $number = [bigint]0
    foreach ($byte in $Address.GetAddressBytes()) {
        $number = $number * 256 + [int]$byte
    }
    return $number
}

# How many addresses a prefix has, from its length or its mask; nothing when it is neither.
function ConvertTo-PrefixSize {
    param([string]$Text, [int]$Bits)
    if ($Text -match '^[0-9]{1,3}$') {
        $length = [int]$Text
        if ($length -gt $Bits) {
            return $null
        }
        return $script:Powers[$Bits - $length]
    }
    $mask = ConvertTo-Address -Text $Text
    if ($null -eq $mask -or (Get-BitCount -Address $mask) -ne $Bits) {
        return $null
    }
    $size = $script:Powers[$Bits] - (ConvertTo-Number -Address $mask)
    if ($script:Powers -notcontains $size) {
        return $null
    }
    return $size
}

function Split-Range {
    param([string]$Text)
    if ($Text.Contains('/')) {
        return $Text.Split('/')
    }
    return $Text.Split('-')
}

# Nothing for a keyword such as LocalSubnet, or whatever else is not made of addresses.
function ConvertTo-AddressRange {
    param([string]$Text)
    $parts = @(Split-Range -Text $Text)
    $address = ConvertTo-Address -Text $parts[0]
    if ($null -eq $address -or $parts.Count -gt 2) {
        return $null
    }
    $bits = Get-BitCount -Address $address
    $first = ConvertTo-Number -Address $address
    $last = $first
    if ($Text.Contains('/')) {
        $size = ConvertTo-PrefixSize -Text $parts[1] -Bits $bits
        if ($null -eq $size) {
            return $null
        }
        $first = $first - $first % $size
        $last = $first + $size - 1
    } elseif ($parts.Count -eq 2) {
        $end = ConvertTo-Address -Text $parts[1]
        if ($null -eq $end -or (Get-BitCount -Address $end) -ne $bits) {
            return $null
        }
        $last = ConvertTo-Number -Address $end
    }
    if ($last -lt $first) {
        return $null
    }
    return @{ Bits = $bits; First = $first; Last = $last }
}

function ConvertTo-PortRange {
    param([string]$Text)
    if (-not ($Text -match '^[0-9]{1,5}(-[0-9]{1,5})?$')) {
        return $null
    }
    $parts = @($Text.Split('-'))
    $first = [int]$parts[0]
    $last = [int]$parts[$parts.Count - 1]
    if ($last -lt $first -or $last -gt 65535) {
        return $null
    }
    return @{ First = [bigint]$first; Last = [bigint]$last }
}

# A type is the range of all its codes.
function ConvertTo-TypeRange {
    param([string]$Text)
    if (-not ($Text -match '^[0-9]{1,3}(:([0-9]{1,3}|\*|any))?$')) {
        return $null
    }
    $parts = @($Text.Split(':'))
    $first = [int]$parts[0] * 256
    $last = $first + 255
    if ($parts.Count -eq 2 -and $parts[1] -match '^[0-9]+$') {
        if ([int]$parts[1] -gt 255) {
            return $null
        }
        $first = $first + [int]$parts[1]
        $last = $first
    }
    if ($last -gt 65535) {
        return $null
    }
    return @{ First = [bigint]$first; Last = [bigint]$last }
}

# Firsts and lasts are sorted each for itself: a gap is where as many ranges have ended as have begun.
function Join-Range {
    param([object[]]$Ranges)
    $firsts = New-Object System.Collections.ArrayList
    $lasts = New-Object System.Collections.ArrayList
    foreach ($range in $Ranges) {
        $null = $firsts.Add([bigint]$range.First)
        $null = $lasts.Add([bigint]$range.Last)
    }
    $firsts.Sort()
    $lasts.Sort()
    $ends = @()
    $index = 0
    while ($index -lt $firsts.Count) {
        $ends += $firsts[$index]
        while ($index + 1 -lt $firsts.Count -and $firsts[$index + 1] -le $lasts[$index] + 1) {
            $index += 1
        }
        $ends += $lasts[$index]
        $index += 1
    }
    return $ends
}

# Known is false when something in the list cannot be put into numbers; the set is then everything.
function Get-AddressSet {
    param([object[]]$Texts)
    $all = @{ Known = ($Texts.Count -eq 0); V4 = $script:AllV4; V6 = $script:AllV6 }
    if ($Texts.Count -eq 0) {
        return $all
    }
    $v4 = @()
    $v6 = @()
    foreach ($text in $Texts) {
        $range = ConvertTo-AddressRange -Text $text
        if ($null -eq $range) {
            return $all
        }
        if ($range.Bits -eq 32) {
            $v4 += $range
        } else {
            $v6 += $range
        }
    }
    return @{ Known = $true; V4 = @(Join-Range -Ranges $v4); V6 = @(Join-Range -Ranges $v6) }
}

# Of ports, or of ICMP types with their codes.
function Get-NumberSet {
    param([string]$Name, [object[]]$Texts)
    $ranges = @()
    foreach ($text in $Texts) {
        if ($Name -eq 'IcmpType') {
            $range = ConvertTo-TypeRange -Text $text
        } else {
            $range = ConvertTo-PortRange -Text $text
        }
        if ($null -eq $range) {
            return @{ Known = $false; Ends = $script:AllNumbers }
        }
        $ranges += $range
    }
    if ($ranges.Count -eq 0) {
        return @{ Known = $true; Ends = $script:AllNumbers }
    }
    return @{ Known = $true; Ends = @(Join-Range -Ranges $ranges) }
}

function Test-Overlap {
    param([object[]]$Some, [object[]]$Others)
    $left = 0
    $right = 0
    while ($left -lt $Some.Count -and $right -lt $Others.Count) {
        if ($Some[$left + 1] -lt $Others[$right]) {
            $left += 2
        } elseif ($Others[$right + 1] -lt $Some[$left]) {
            $right += 2
        } else {
            return $true
        }
    }
    return $false
}

function Test-Inside {
    param([object[]]$Inner, [object[]]$Outer)
    $right = 0
    $left = 0
    while ($left -lt $Inner.Count) {
        while ($right -lt $Outer.Count -and $Outer[$right + 1] -lt $Inner[$left]) {
            $right += 2
        }
        if ($right -ge $Outer.Count -or $Inner[$left] -lt $Outer[$right] -or $Inner[$left + 1] -gt $Outer[$right + 1]) {
            return $false
        }
        $left += 2
    }
    return $true
}
