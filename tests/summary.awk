# Counts test cases over the logs of ./run test. A doctest program counts case by case, any other
# ctest test as one, Node's runner by its own totals, vitest (which has none in TAP) line by line.
{ gsub(/\033\[[0-9;]*m/, "") }

/^\[doctest\] test cases:/ {
  split($0, part, "|")
  for (i in part) {
    if (part[i] ~ /passed/) passed += number(part[i])
    if (part[i] ~ /failed/) { failed += number(part[i]); counted_failed = number(part[i]) }
    if (part[i] ~ /skipped/) skipped += number(part[i])
  }
  counted = 1
}
# The verdict of ctest comes after what the test printed.
/^Test Passed\./ { if (!counted) ++passed; counted = counted_failed = 0 }
# Also a program that crashed, or failed for something else than a case, after or before counting.
/^Test Failed\./ { if (!counted_failed) ++failed; counted = counted_failed = 0 }
/^Test (Skipped|Not Run)/ { ++skipped; counted = counted_failed = 0 }

/^# pass [0-9]+$/ { passed += $3 }
/^# (fail|cancelled) [0-9]+$/ { failed += $3 }
/^# (skipped|todo) [0-9]+$/ { skipped += $3 }

FILENAME ~ /(package-logic|magazine)\.log$/ && /^(ok|not ok) [0-9]+ - / {
  if (/ # (SKIP|TODO)/) ++skipped
  else if (/^ok/) ++passed
  else ++failed
}

function number(text) { match(text, /[0-9]+/); return substr(text, RSTART, RLENGTH) + 0 }

END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }
