#!/bin/sh
# SPDX-License-Identifier: MIT
#
# afl.sh FOLDER SECONDS - run every AFL++ fuzzer in FOLDER, all of them
# together for SECONDS; what they find is in FOLDER/out/NAME
set -eu
here=$(dirname "$0")
folder=$1
count=$(find "$folder" -maxdepth 1 -type f | wc -l)

export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_AUTORESUME=1
export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_BENCH_UNTIL_CRASH=1

for f in "$folder"/*; do
	[ -f "$f" ] || continue
	name=$(basename "$f")
	python3 "$here/seeds.py" "$folder/seeds/$name" "$name"
	mkdir -p "$folder/out"
	afl-fuzz -V $(($2 / count + 1)) -i "$folder/seeds/$name" \
		-o "$folder/out/$name" -- "$f" >"$folder/out/$name.log" || {
		tail -n 20 "$folder/out/$name.log"
		exit 1
	}
	crashes=$(find "$folder/out/$name/default/crashes" -name 'id:*' |
		wc -l)
	echo "$name: $crashes crashes"
	[ "$crashes" -eq 0 ]
done
