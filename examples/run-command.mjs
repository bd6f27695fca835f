// Runs a command in a guest over a directory of this host and prints what it said.
//   node examples/run-command.mjs [DIRECTORY]
import { VirtualMachine } from 'tsvmm';

const directory = process.argv[2] ?? '.';
const vm = await VirtualMachine.create({ shares: [{ path: directory, mountTag: 'host' }], memory: 128 * 2 ** 20 });
vm.start();

const { status, stdout } = await vm.exec(['sh', '-c', 'echo "$(uname -s) sees $(ls | wc -l) names"'], {
  cwd: '/mnt/host',
});
process.stdout.write(stdout);

const end = await vm.stop();
console.log(`command: ${status}, machine: ${end.reason}`);
