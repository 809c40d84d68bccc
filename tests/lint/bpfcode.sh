#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The eBPF instructions in the repository are what their source is compiled to.
set -eu
cd "$(dirname "$0")/../.."
scripts/bpf.py --check
