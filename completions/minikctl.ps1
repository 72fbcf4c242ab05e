# PowerShell completion for minikctl
#
# Load it with: minikctl completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName 'minikctl' -ScriptBlock {
    param($WordToComplete, $CommandAst, $CursorPosition)

    $words = @($CommandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $CursorPosition } |
        ForEach-Object { $_.ToString() })
    $arguments = @($words | Select-Object -Skip 1)
    if (-not $WordToComplete) { $arguments += '""' }
    $lines = @(& $words[0] __complete @arguments 2>$null)
    if ($lines.Count -eq 0) { return }
    $directive = [int]($lines[-1].TrimStart(':'))
    if ($directive -band 1) { return }
    if ($directive -band (8 -bor 16)) { return }
    # Values come without the flag they belong to.
    $flag = if ($WordToComplete -match '^-[^=]*=') { $Matches[0] } else { '' }
    foreach ($line in $lines[0..($lines.Count - 2)]) {
        $value, $description = $line -split "`t", 2
        if (-not $value -or $lines.Count -eq 1) { continue }
        if (-not $description) { $description = $value }
        $value = "$flag$value"
        $text = if ($directive -band 2) { $value } else { "$value " }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $description)
    }
}
