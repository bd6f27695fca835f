// A guest as a filter: standard input goes to a command in the guest, its output comes back as it is made.
//   echo hello | node examples/pipe.mjs tr a-z A-Z
import { VirtualMachine } from 'tsvmm';

const command = process.argv.slice(2);
const vm = await VirtualMachine.create({ memory: 128 * 2 ** 20 });
vm.start();

const { status } = await vm.exec(command.length > 0 ? command : ['cat'], {
  stdin: process.stdin,
  onStdout: (bytes) => void process.stdout.write(bytes),
  onStderr: (bytes) => void process.stderr.write(bytes),
});
await vm.stop();
process.exitCode = status;
