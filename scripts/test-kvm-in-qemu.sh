#!/bin/bash
# Tests what needs KVM on a host that has it inside QEMU, see kvm-in-qemu.sh: the binding node-kvm, the accelerator on top
# of it, the guests that tests/guest boots under KVM, and a stock Debian kernel.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

if [ "${1:-}" != --inside ]; then
  node scripts/build.mjs
  node vmm/bin/tsvmm.js kernel build --arch x86_64
  exec bash scripts/kvm-in-qemu.sh bash scripts/test-kvm-in-qemu.sh --inside
fi

export TSVMM_TEST=1 TSVMM_TEST_TIMEOUT_FACTOR=4
jest() {
  node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js \
    --ci --maxWorkers=1 --testTimeout=60000 "$@"
}
status=0
jest --selectProjects unit --testPathPatterns /node-kvm/ /accelerators/kvm/ || status=1
jest --selectProjects guest --verbose --testNamePattern '\[kvm\]' || status=1
jest --selectProjects long --testPathPatterns /stock-kernel || status=1
exit "$status"
