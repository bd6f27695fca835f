import type { VirtualMachineConfig } from '../../config.ts';
import type { MachineFactory } from '../machine-port.ts';
import { type CommandLineParts, runCommand } from '../run-command.ts';
import { FakeMachine, FakeProcess } from './fake-process.ts';

/** A run with fakes: the process, the machine, the configuration it was made with, and the status to come. */
export function run(args: readonly string[], io = new FakeProcess(), parts: Partial<CommandLineParts> = {}) {
  const machine = new FakeMachine();
  const configs: VirtualMachineConfig[] = [];
  const createMachine: MachineFactory = async (config, hooks) => {
    configs.push(config);
    hooks.trace?.('host: Tversion tag 65535');
    hooks.notice?.('a hint\nin two lines');
    return machine;
  };
  const status = runCommand(args, io, {
    version: '1.2.3',
    createMachine,
    serve: () => Promise.reject(new Error('nothing is served here')),
    describeMachine: () => Promise.reject(new Error('no machine is described here')),
    startQtest: () => Promise.reject(new Error('nothing is driven here')),
    openMonitors: () => Promise.reject(new Error('there are no monitors here')),
    openInspector: () => Promise.reject(new Error('there is no inspector here')),
    proxyHelper: () => Promise.reject(new Error('no helper is asked for here')),
    kernel: async (action, { downloads }) => [`${action} ${downloads}`],
    inspectHost: async () => [],
    ...parts,
  });
  return { io, machine, configs, status };
}

/** What the hint of a machine that `run` makes looks like. */
export const NOTICE = 'tsvmm: a hint\\nin two lines\n';
